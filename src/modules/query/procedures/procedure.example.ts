/** The answer of `POST /api/database/procedure`, for the OpenAPI document. */
export const callResultExample = {
  queryId: '6361ddd1-4bfb-40fb-a016-5721c21e2c87',
  success: true,
  resultSets: [
    {
      name: null,
      columns: [
        { name: 'id', type: 'integer', nativeType: 'int4', masked: false },
        { name: 'total', type: 'decimal', nativeType: 'numeric(12,2)', masked: false },
      ],
      data: [{ id: 88, total: '508.49' }],
      rowCount: 1,
      truncated: false,
    },
  ],
  out: { placed: 1 },
  outColumns: [{ name: 'placed', type: 'integer', nativeType: 'int4', masked: false }],
  rowCount: 1,
  truncated: false,
  executionTimeMs: 3.2,
  cached: false,
  metadata: {
    connectionId: '797acc11-1895-4207-8cb6-4085b6bd9c89',
    engine: 'postgresql',
    statement: 'call',
    procedure: 'shop.place_order',
    kind: 'procedure',
    affectedRows: 2,
  },
};

/** One of `GET /api/database/procedures`, for the OpenAPI document. */
export const procedureExample = {
  procedure: 'shop.place_order',
  kind: 'procedure',
  signature: 'shop.place_order(product integer, INOUT placed integer)',
  parameters: [
    { name: 'product', mode: 'in', type: 'integer', optional: false },
    { name: 'placed', mode: 'inout', type: 'integer', optional: true },
  ],
  returns: null,
  returnsSet: false,
  definerRights: false,
  reads: ['shop.products'],
  writes: ['shop.orders'],
  refusal: null,
};
