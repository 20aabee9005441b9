/**
 * Names for the members of a row object: of several columns with one name the first keeps it, the others get `_2`,
 * `_3`, … — and never a name that another column has by itself.
 */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  const original = new Set(names);
  return names.map((name) => {
    let unique = name;
    for (let n = 2; taken.has(unique) || (unique !== name && original.has(unique)); n++)
      unique = `${name}_${n}`;
    taken.add(unique);
    return unique;
  });
}
