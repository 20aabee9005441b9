/** The answer of `POST /api/database/query/explain`, for the OpenAPI document. */
export const explainExample = {
  queryId: '6361ddd1-4bfb-40fb-a016-5721c21e2c87',
  success: true,
  statement: 'select',
  plan: {
    operation: 'limit',
    native: 'Limit',
    estimatedRows: 10,
    estimatedCost: 164.1,
    children: [
      {
        operation: 'full_scan',
        native: 'Seq Scan',
        schema: 'public',
        table: 'orders',
        alias: 'o',
        estimatedRows: 11,
        estimatedCost: 180.5,
        children: [],
      },
    ],
  },
  warnings: [
    {
      code: 'full_scan',
      message: 'orders is read whole, although a condition takes only some of its rows',
      schema: 'public',
      table: 'orders',
      estimatedRows: 11,
    },
  ],
  executionTimeMs: 1.4,
  metadata: { connectionId: '797acc11-1895-4207-8cb6-4085b6bd9c89', engine: 'postgresql' },
};
