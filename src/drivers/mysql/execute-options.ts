/** How the driver executes a statement by the binary protocol, with rows as arrays. */
export function executeOptions(text: string, values: readonly unknown[]) {
  return {
    sql: text,
    values: [...values],
    rowsAsArray: true,
    typeCast: (field: { type: string; buffer(): Buffer | null }, next: () => unknown) =>
      // mysql2 would take these apart into objects
      field.type === 'GEOMETRY' || field.type === 'VECTOR' ? field.buffer() : next(),
  };
}
