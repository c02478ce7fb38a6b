/** Jest runs the sources as they are: native ES modules, types stripped by SWC. */
export default {
  rootDir: '..',
  roots: ['<rootDir>/test'],
  testEnvironment: 'node',
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
  // The engine, its ports and two cores are shared: journeys run one after the other (see test/e2e).
  maxWorkers: 2,
  testTimeout: 30_000,
};
