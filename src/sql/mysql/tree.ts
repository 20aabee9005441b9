import { isTree, listOf, type Tree } from '../json-tree';

/** Offsets in the text: the code that the grammar saw is one line, as long as the text, and counts columns from 1. */
export function spanOf(value: unknown): { readonly start: number; readonly end: number } | null {
  const span = isTree(value) && isTree(value.span) ? value.span : {};
  const [start, end] = [span.start, span.end].map((place) =>
    isTree(place) && typeof place.column === 'number' && place.column > 0 ? place.column - 1 : null,
  );
  return typeof start === 'number' && typeof end === 'number' ? { start, end } : null;
}

/** The identifiers of a column's name, alone or qualified; none for every other expression. */
export function identifiersOf(expression: unknown): readonly Tree[] {
  if (!isTree(expression)) return [];
  if (isTree(expression.Identifier)) return [expression.Identifier];
  return listOf(expression.CompoundIdentifier).filter(isTree);
}

/** The names in a list of identifiers. */
export function namesOf(identifiers: unknown): readonly string[] {
  return listOf(identifiers).flatMap((one) => {
    if (!isTree(one)) return [];
    const name = isTree(one.name) ? one.name : one;
    return [String(name.value)];
  });
}

/** An identifier as it was meant: those that are written as strings are zeros in the code. */
export function textOf(identifier: Tree, text: string): string {
  const span = spanOf(identifier);
  const isString = identifier.quote_style === "'" || identifier.quote_style === '"';
  if (!isString || span === null) return String(identifier.value);
  return text
    .slice(span.start + 1, span.end - 1)
    .replaceAll(/\\([^])|''|""/g, (pair: string, escaped: string | undefined) => escaped ?? pair.slice(1));
}
