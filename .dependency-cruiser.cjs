/**
 * The layers of ARCHITECTURE.md as data: each line may import from the lines above it and from itself,
 * brothers on one line do not import each other. `npm run layers` enforces it.
 */
const layers = [
  ['src/common', 'src/config'],
  ['src/drivers', 'src/sql', 'src/database', 'src/cache', 'src/http'],
  ['src/modules/audit', 'src/modules/stats'],
  ['src/modules/settings', 'src/modules/sealing', 'src/modules/jobs'],
  ['src/modules/auth', 'src/modules/ledger'],
  ['src/modules/permissions', 'src/modules/backup'],
  ['src/modules/connections'],
  ['src/modules/policies'],
  ['src/modules/shards'],
  ['src/modules/query'],
  [
    'src/modules/schema',
    'src/modules/health',
    'src/modules/samples',
    'src/modules/shard-queries',
    'src/modules/shard-moves',
    'src/modules/query-jobs',
  ],
];

const inside = (places) => `^(?:${places.join('|')})/`;
const below = layers.flatMap((line, index) =>
  line.map((place) => ({
    name: `layer: ${place}`,
    comment: 'imports only from the layers above it (ARCHITECTURE.md)',
    severity: 'error',
    from: { path: inside([place]) },
    to: {
      path: '^src/',
      pathNot: inside([place, ...layers.slice(0, index).flat(), ...(index === 0 ? line : [])]),
    },
  })),
);

module.exports = {
  forbidden: [
    ...below,
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'entities-stay-home',
      comment: 'other modules ask the service of the owner',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/' },
      to: { path: '^src/modules/([^/]+)/.*\\.entity\\.ts$', pathNot: '^src/modules/$1/' },
    },
    {
      name: 'plain-sql',
      comment: 'src/sql is pure: neither Nest nor TypeORM',
      severity: 'error',
      from: { path: '^src/sql/' },
      to: { path: 'node_modules/(@nestjs|typeorm)/' },
    },
    {
      name: 'plain-drivers',
      comment: 'drivers know TypeORM data sources but not Nest',
      severity: 'error',
      from: { path: '^src/drivers/' },
      to: { path: 'node_modules/@nestjs/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.spec\\.ts$' },
  },
};
