/** The answer of `POST /api/database/query`, for the OpenAPI document. */
export const queryResultExample = {
  queryId: '6361ddd1-4bfb-40fb-a016-5721c21e2c87',
  success: true,
  columns: [
    { name: 'id', type: 'integer', nativeType: 'int4', masked: false },
    { name: 'price', type: 'decimal', nativeType: 'numeric(12,2)', masked: false },
  ],
  data: [{ id: 88, price: '508.49' }],
  rowCount: 1,
  truncated: false,
  executionTimeMs: 3.2,
  cached: false,
  metadata: {
    connectionId: '797acc11-1895-4207-8cb6-4085b6bd9c89',
    engine: 'postgresql',
    statement: 'select',
  },
};

/** A kept result without its rows, for the OpenAPI document. */
export const savedResultExample = {
  id: '6a1d3a7e-3a3c-4a52-9d0a-0f6d1f3f1f6b',
  savedQueryId: '6f1f7f0e-52c5-4b0c-9f0a-0d6d5e0f8a11',
  queryId: '6361ddd1-4bfb-40fb-a016-5721c21e2c87',
  createdBy: '2a5ba8fb-ba25-42d6-86e3-1a6f868b41d5',
  rowCount: 10,
  createdAt: '2026-11-20T22:56:27.342Z',
  expiresAt: '2026-12-20T22:56:27.342Z',
};

/** A statement that runs now, for the OpenAPI document. */
export const runningExample = {
  queryId: '6361ddd1-4bfb-40fb-a016-5721c21e2c87',
  userId: '2a5ba8fb-ba25-42d6-86e3-1a6f868b41d5',
  connectionId: '797acc11-1895-4207-8cb6-4085b6bd9c89',
  statement: 'SELECT count(*) FROM orders',
  startedAt: '2026-11-20T22:56:27.342Z',
};

/** The answer of `POST /api/database/query/check`, for the OpenAPI document. */
export const checkExample = {
  allowed: true,
  refusal: null,
  statement: 'select',
  access: 'read',
  relations: [
    {
      schema: 'shop',
      name: 'customers',
      access: 'read',
      filtered: true,
      masks: { email: 'email' },
      denied: ['notes'],
    },
  ],
  rewritten: null,
};
