import type { RelationReads } from '../../../common/relation-description';
import { fold } from '../walk-tree';
import type { ColumnRule, Reached } from './reach';
import type { Stands } from './stands';

/**
 * All that a rewritten SELECT may read: the relations it reaches, and of those with columns that nobody shows the others. What an
 * administrator's own queries read, and views that are read as they are, may show everything.
 */
export function readsOf(relations: ReadonlyMap<string, Reached | null>, stands: Stands): RelationReads[] {
  const whole = readWhole(relations);
  return [...relations].map(([name, reached]): RelationReads => {
    const denied = new Set(
      [...(reached?.rules ?? [])].flatMap(([column, rule]) => (isUnread(rule) ? [column] : [])),
    );
    if (reached === null || denied.size === 0 || whole.has(name))
      return { schema: null, name, columns: null };
    const used = usedByPolicies(reached, stands);
    const { columns } = reached.description;
    const readable = columns
      .map((column) => column.name)
      .filter((one) => !denied.has(fold(one)) || used.has(fold(one)));
    // computed columns read what they are computed from
    const sources = columns.flatMap((column) =>
      readable.includes(column.name) ? (column.computedFrom ?? []) : [],
    );
    return { schema: null, name, columns: [...readable, ...sources, 'rowid'] };
  });
}

const isUnread = (rule: ColumnRule): boolean => rule.rule === 'deny' || rule.mask === 'null';

function usedByPolicies(reached: Reached, stands: Stands): ReadonlySet<string> {
  const masks = [...reached.rules.values()].flatMap((rule) =>
    'expression' in rule ? [rule.expression] : [],
  );
  const used = [...reached.filters, ...masks].flatMap(
    (expression) => stands.ofTable(reached, expression).used,
  );
  return new Set(used.map(({ column }) => fold(column.name)));
}

/** Relations that are read past their policies, with all that they show. */
function readWhole(relations: ReadonlyMap<string, Reached | null>): ReadonlySet<string> {
  const whole = new Set<string>();
  const queue: string[] = [];
  for (const [name, reached] of relations) {
    if (reached === null) continue;
    const { filters, rules, definition, description } = reached;
    for (const expression of [
      ...filters,
      ...[...rules.values()].flatMap((rule) => ('expression' in rule ? [rule.expression] : [])),
    ])
      queue.push(...expression.relations);
    if (description.kind === 'view' && definition?.safe !== true) queue.push(name);
  }
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (whole.has(name)) continue;
    whole.add(name);
    queue.push(...(relations.get(name)?.definition?.relations ?? []));
  }
  return whole;
}
