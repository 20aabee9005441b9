import type { RelationName } from '../common/relation-description';

/** A member of a FROM clause, by the name that the statement, and its plan, has for it. */
export interface WrittenTable {
  readonly alias: string;
  /** `null` for what is none by its form, such as a subquery. */
  readonly relation: RelationName | null;
  /** The query it stands in, or its join, has a condition. */
  readonly conditional: boolean;
}

/** What a name in the plan of an engine means that has tables there by their aliases. */
export type FoundTable = Pick<WrittenTable, 'conditional'> & {
  /** `null` for a subquery, and for a name that may mean several tables. */
  readonly relation: RelationName | null;
};

const fold = (name: string): string => name.toLowerCase();
const alike = (one: RelationName, other: RelationName): boolean => fold(one.name) === fold(other.name);

/** What a name of the plan means; `undefined` for one that the statement does not have, as below a view. */
export type FindTable = (name: string) => FoundTable | undefined;

/**
 * @param relations that the analysis found: a name of a CTE is not among them
 * @returns `undefined` for a name that the statement does not have, as below a view
 */
export function findTable(
  written: readonly WrittenTable[],
  relations: readonly RelationName[],
  name: string,
): FoundTable | undefined {
  const named = written.filter(({ alias }) => fold(alias) === fold(name));
  // A policy, or a change, has the table by its own name.
  const meant = named.length > 0 ? named : written.filter((one) => one.relation?.name === name);
  const conditional = meant.some((one) => one.conditional);
  const found = meant.map(
    ({ relation }) => relations.find((one) => relation && alike(one, relation)) ?? null,
  );
  const [first = null] = found;
  if (meant.length > 0)
    return { conditional, relation: found.every((one) => one === first || same(one, first)) ? first : null };
  const target = relations.find((one) => fold(one.name) === fold(name));
  return target && { conditional, relation: target };
}

function same(one: RelationName | null, other: RelationName | null): boolean {
  return one !== null && other !== null && alike(one, other) && one.schema === other.schema;
}
