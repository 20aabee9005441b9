/**
 * Names for the members of a row object: of several columns with one name the first keeps it, the others get `_2`,
 * `_3`, … — and never a name that another column has by itself. Linear: a statement may name thousands alike.
 */
export function uniqueNames(names: readonly string[]): string[] {
  const original = new Set(names);
  const taken = new Set<string>();
  const next = new Map<string, number>();
  return names.map((name) => {
    let unique = name;
    if (taken.has(name)) {
      let n = next.get(name) ?? 2;
      while (taken.has((unique = `${name}_${n}`)) || original.has(unique)) n++;
      next.set(name, n + 1);
    }
    taken.add(unique);
    return unique;
  });
}
