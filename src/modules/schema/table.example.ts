/** A table as the schema browser lists it, for the OpenAPI document. */
export const tableSummaryExample = {
  schema: 'shop',
  name: 'orders',
  kind: 'table',
  comment: 'One order of one customer',
  rowEstimate: 3000,
};

/** A table as the schema browser describes it. */
export const tableExample = {
  ...tableSummaryExample,
  columns: [
    {
      name: 'id',
      type: 'integer',
      nativeType: 'integer',
      nullable: false,
      default: null,
      primaryKey: true,
      comment: 'Order number',
      masked: false,
    },
  ],
  primaryKey: ['id'],
  indexes: [{ name: 'orders_customer_id', columns: ['customer_id'], unique: false }],
  foreignKeys: [
    {
      name: 'orders_customer_id_fkey',
      columns: ['customer_id'],
      referencedSchema: 'shop',
      referencedTable: 'customers',
      referencedColumns: ['id'],
    },
  ],
};
