import { defineConfig } from 'eslint/config';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/**
 * Who may import whom: core ← loop ← sources, adapters, report ← cli ← main, and beside the loop core ← stack ← adapters.
 * Nobody imports upwards or sideways.
 */
const layers = [
  {
    target: './src/core',
    from: [
      './src/loop',
      './src/stack',
      './src/sources',
      './src/adapters',
      './src/report',
      './src/cli',
      './src/main.ts',
    ],
  },
  {
    target: './src/stack',
    from: ['./src/loop', './src/sources', './src/adapters', './src/report', './src/cli', './src/main.ts'],
  },
  {
    target: './src/loop',
    from: ['./src/stack', './src/sources', './src/adapters', './src/report', './src/cli', './src/main.ts'],
  },
  { target: './src/sources', from: ['./src/stack', './src/adapters', './src/report', './src/cli', './src/main.ts'] },
  { target: './src/adapters', from: ['./src/sources', './src/report', './src/cli', './src/main.ts'] },
  { target: './src/report', from: ['./src/sources', './src/adapters', './src/cli', './src/main.ts'] },
  { target: './src/cli', from: ['./src/main.ts'] },
];

/** core has no I/O, clock, randomness, environment or logger: of Node only what computes. */
const impureGlobals = ['process', 'setTimeout', 'setInterval', 'setImmediate', 'fetch', 'console', 'performance'];

export default defineConfig(
  { ignores: ['dist/', '.lab/', 'node_modules/', '**/*.mjs', '*.config.js', 'test/jest.config.js'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js', '.json'] })] },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones: layers }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['src/cli/**', 'src/report/**', 'src/main.ts'],
    ignores: ['src/cli/say.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'MemberExpression[property.name="write"][object.property.name=/^std(out|err)$/]',
          message: 'what goes to the terminal goes through say.ts, which lets nothing invisible out',
        },
      ],
    },
  },
  {
    files: ['src/core/**', 'src/stack/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^node:(?!crypto$|net$|path/posix$)', message: 'core and stack are pure' }] },
      ],
      'no-restricted-globals': ['error', ...impureGlobals],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'core is pure: time is a parameter' },
        { object: 'Math', property: 'random', message: 'core is pure' },
      ],
    },
  },
);
