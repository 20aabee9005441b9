/** Bodies that describe a connection, for the OpenAPI document; `name` is ignored where nothing is saved. */
export const connectionExamples = {
  postgresql: {
    summary: 'PostgreSQL, MySQL or MariaDB',
    value: {
      name: 'shop',
      type: 'postgresql',
      host: 'db.example.org',
      port: 5432,
      database: 'shop',
      username: 'shop_reader',
      password: 'choose-a-password',
      ssl: { mode: 'verify-full' },
      options: { searchPath: ['shop'] },
    },
  },
  connectionString: {
    summary: 'By a connection string',
    value: {
      name: 'billing',
      type: 'mysql',
      connectionString: 'mysql://reader:choose-a-password@db.example.org:3306/billing?ssl-mode=verify-full',
    },
  },
  sqlite: {
    summary: 'SQLite',
    value: { name: 'archive', type: 'sqlite', database: '/var/lib/databases/archive.sqlite' },
  },
  mongodb: {
    summary: 'MongoDB',
    value: {
      name: 'events',
      type: 'mongodb',
      host: 'mongo.example.org',
      database: 'events',
      username: 'reader',
      password: 'choose-a-password',
    },
  },
};

/** The answer of a test that found something to remark. */
export const connectionTestExample = {
  success: true,
  serverVersion: '18.4',
  latencyMs: 0.8,
  readOnlyAccount: false,
  provablyReadOnly: false,
  account: [{ code: 'write_tables', detail: 'It may write: shop.orders.' }],
  warnings: [
    {
      code: 'account_can_write',
      message: 'The account itself may write; use one that can only read.',
      statements: ['REVOKE INSERT ON "shop"."orders" FROM "shop_writer";'],
    },
  ],
};
