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
  // One after the other, unless the command line says otherwise: the journeys share an engine and two cores, and some
  // of them measure time.
  maxWorkers: 1,
  testTimeout: 30_000,
};
