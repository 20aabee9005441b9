// NestJS 12 and parts of Fastify are published as ES modules only, and jest cannot require those on Node 20 and 22,
// so every ES-module package found in the lock of node_modules is compiled to CommonJS by swc.
const { readFileSync, realpathSync } = require('node:fs');
const path = require('node:path');

const modules = path.dirname(realpathSync(path.join(__dirname, 'node_modules', '.package-lock.json')));
const lock = JSON.parse(readFileSync(path.join(modules, '.package-lock.json'), 'utf8'));
const isEsm = (dir) => {
  try {
    return JSON.parse(readFileSync(path.join(modules, '..', dir, 'package.json'), 'utf8')).type === 'module';
  } catch {
    return false;
  }
};
const esm = [
  ...new Set(
    Object.keys(lock.packages)
      .filter(isEsm)
      .map((dir) => dir.slice(dir.lastIndexOf('node_modules/') + 13)),
  ),
];

const common = {
  rootDir: __dirname,
  testEnvironment: 'node',
  moduleFileExtensions: ['ts', 'js', 'json', 'node'],
  transform: {
    '^.+\\.(t|j|mj)s$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2022',
          keepClassNames: true,
        },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: [
    `/node_modules/(?!.*/node_modules/)(?!(?:${esm.map((name) => name.replace(/[.+]/g, '\\$&')).join('|')})/)`,
  ],
};

const servers = {
  ...common,
  globalSetup: '<rootDir>/test/servers/global-setup.ts',
  globalTeardown: '<rootDir>/test/servers/global-teardown.ts',
};

module.exports = {
  coverageProvider: 'v8',
  testTimeout: 120_000,
  projects: [
    { ...common, displayName: 'unit', roots: ['<rootDir>/src'], testRegex: '\\.spec\\.ts$' },
    {
      ...servers,
      displayName: 'servers',
      roots: ['<rootDir>/test'],
      testRegex: '\\.spec\\.ts$',
      testPathIgnorePatterns: ['/node_modules/', '/test/nightly/'],
    },
    { ...servers, displayName: 'nightly', roots: ['<rootDir>/test'], testRegex: '/nightly/.*\\.spec\\.ts$' },
  ],
};
