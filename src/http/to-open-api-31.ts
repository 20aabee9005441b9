/** Members that hold values and not schemas. */
const values = new Set(['example', 'examples']);

/**
 * Nest writes the schemas of OpenAPI 3.0; in 3.1 they are JSON Schema, where `nullable` means nothing and `null` is a
 * type of its own.
 */
export function toOpenApi31<T>(node: T): T {
  if (Array.isArray(node)) return node.map((item: unknown) => toOpenApi31(item)) as T;
  if (typeof node !== 'object' || node === null) return node;
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(node).map(([name, value]) => [
      name,
      values.has(name) ? value : toOpenApi31(value as unknown),
    ]),
  ) as Record<string, unknown>;
  if (nullable !== true) {
    return (nullable === undefined || nullable === false ? rest : { ...rest, nullable }) as T;
  }
  const { type, enum: allowed, oneOf, allOf, ...others } = rest;
  if (typeof type === 'string') {
    return {
      ...others,
      type: [type, 'null'],
      ...(Array.isArray(allowed) && { enum: [...allowed, null] }),
    } as T;
  }
  const choices = [...((oneOf ?? allOf ?? []) as unknown[]), { type: 'null' }];
  return { ...others, oneOf: choices } as T;
}
