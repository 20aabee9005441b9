import { quoteIdentifier } from '../../../common/quote/sqlite';
import type { DescribedColumn, RelationDescription } from '../../../common/relation-description';
import type { RewriteRequest } from '../../policy/rewriting';
import { Refused, refuse } from '../../refused';
import { fold } from '../walk-tree';
import { Binder, type Reading, type Stand } from './binder';
import { maskExpression } from './mask-expression';
import type { PolicyExpression } from './policy-expression';
import { quoteLiteral } from './quote-literal';
import { columnOf, type Reached } from './reach';
import { plainSource, Scope, type Found, type OutputColumn, type Source } from './scope';
import { TextEdits } from './text-edits';
import { child } from './tree';

/** Most UTF-16 units of one derived table: views of views of views double. */
const maxStandLength = 256 * 1024;

/** In a view's text a denied column must keep its place: it is NULL there, and absent elsewhere. */
type Denied = 'absent' | 'null';

interface Item {
  readonly text: string;
  readonly column: OutputColumn;
}

/** Builds what stands for each relation that the statement reaches. */
export class Stands {
  private readonly built = new Map<string, Stand>();
  private readonly building = new Set<string>();
  private readonly protection = new Map<string, boolean>();

  /** @param fence whether hidden rows must not meet expressions of the statement */
  constructor(
    private readonly relations: ReadonlyMap<string, Reached | null>,
    private readonly request: RewriteRequest,
    private readonly fence: boolean,
  ) {}

  get protectsAnything(): boolean {
    return [...this.relations.values()].some((reached) => reached !== null && this.isProtected(reached));
  }

  reached(name: string): Reached | null {
    return this.relations.get(name) ?? null;
  }

  /** @param name folded */
  standFor(name: string, denied: Denied = 'absent'): Stand | null {
    const reached = this.reached(name);
    if (reached === null) return null;
    const key = `${denied} ${name}`;
    const known = this.built.get(key);
    if (known !== undefined) return known;
    const stand = this.build(reached, denied);
    this.built.set(key, stand);
    return stand;
  }

  /** Whether anything at all is kept from the viewer here, in the relation or in what it shows. */
  isProtected(reached: Reached): boolean {
    const name = fold(reached.description.name);
    const known = this.protection.get(name);
    if (known !== undefined) return known;
    // a view that reads itself cannot be asked
    this.protection.set(name, false);
    const { description, filters, rules, definition } = reached;
    const shown = [...(definition?.relations ?? []), ...description.ancestors.map((one) => fold(one.name))];
    const result =
      filters.length > 0 ||
      rules.size > 0 ||
      (description.kind === 'view' && definition === null) ||
      shown.some((one) => {
        const other = this.reached(one);
        return other !== null && this.isProtected(other);
      });
    this.protection.set(name, result);
    return result;
  }

  private build(reached: Reached, denied: Denied): Stand {
    const { description } = reached;
    if (!this.isProtected(reached)) return asItIs(description);
    this.requireOwnRows(reached);
    const origin = description.kind === 'view' ? this.viewOrigin(reached) : tableOrigin(description);
    return this.derived(reached, origin, denied);
  }

  /** A virtual table that shows the rows of another cannot show what its policy leaves of them. */
  requireOwnRows({ description }: Reached): void {
    const source = description.ancestors.find((ancestor) => {
      const other = this.reached(fold(ancestor.name));
      return other !== null && this.isProtected(other);
    });
    if (source)
      refuse(
        'permission.table_denied',
        `${description.name} shows rows of ${source.name} past the policy that holds there; ask for ${source.name} itself, or an administrator of the connection`,
        { construct: description.name },
      );
  }

  private derived(reached: Reached, origin: Origin, denied: Denied): Stand {
    const { description, filters } = reached;
    const visible = description.columns.filter((column) => column.visible);
    const items = visible.map((column, index) =>
      this.item(reached, column, origin.masked?.[index] ?? false, denied),
    );
    const shown = items.filter((item) => item !== null);
    if (shown.length === 0)
      refuse('permission.table_denied', `No column of ${description.name} is permitted`, {
        construct: description.name,
      });
    const where = filters
      .map((filter) => `(${this.ofTable(reached, filter, origin.source).text})`)
      .join(' AND ');
    const text =
      `(${origin.before}SELECT ${shown.map((item) => item.text).join(', ')} FROM ${origin.from}` +
      `${where === '' ? '' : ` WHERE ${where}${this.fence ? ' LIMIT -1' : ''}`})`;
    if (text.length > maxStandLength)
      refuse('query.too_complex', `${description.name} is a view of too many views`);
    const rule = (column: DescribedColumn): string | undefined => reached.rules.get(fold(column.name))?.rule;
    return {
      description,
      text,
      columns: shown.map((item) => item.column),
      unlisted: description.columns
        .filter((column) => !column.visible && !isRowIdName(column.name))
        .map(({ name }) => ({
          name,
          masked: true,
          unreadable: `The hidden column ${name} of ${description.name} cannot be read where a policy holds`,
        })),
      denied: new Map(
        denied === 'null'
          ? []
          : visible.filter((column) => rule(column) === 'deny').map(({ name }) => [fold(name), name]),
      ),
      rowId: rowIdBehind(reached),
    };
  }

  private item(reached: Reached, column: DescribedColumn, masked: boolean, denied: Denied): Item | null {
    const name = quoteIdentifier(column.name);
    const rule = reached.rules.get(fold(column.name));
    if (rule === undefined) return { text: name, column: { name: column.name, masked } };
    const shown = { name: column.name, masked: true };
    if (rule.rule === 'deny') return denied === 'absent' ? null : { text: `NULL AS ${name}`, column: shown };
    return { text: `${this.mask(reached, column)} AS ${name}`, column: shown };
  }

  /** The expression that shows a masked column, over the columns of its relation. */
  mask(reached: Reached, column: DescribedColumn): string {
    const rule = reached.rules.get(fold(column.name));
    if (rule?.rule !== 'mask') throw new Error('the column has no mask');
    if (rule.mask !== 'expression') return maskExpression(rule.mask, column);
    return `(${this.ofTable(reached, rule.expression).text})`;
  }

  /**
   * An administrator's expression as it is spliced: variables are values, relations are qualified, and every name has
   * been shown to mean a column of the relation or of its own subqueries, so that nothing around it can capture one.
   *
   * @throws Refused `policy.broken`
   */
  ofTable(
    reached: Reached,
    expression: PolicyExpression,
    source: Partial<Source> = {},
  ): { readonly text: string; readonly used: readonly Found[] } {
    const { description } = reached;
    const used: Found[] = [];
    const edits = new TextEdits();
    const table: Source = {
      ...plainSource,
      columns: description.columns.filter((column) => column.visible).map(plainColumn),
      unlisted: description.columns.filter((column) => !column.visible).map(plainColumn),
      open: false,
      names: [fold(description.name)],
      relation: description.name,
      rowId: description.kind === 'view' ? 'none' : 'own',
      schemaQualified: true,
      ...source,
    };
    const reading: Reading = {
      text: expression.text,
      qualify: true,
      masksAnything: false,
      standFor: (name) => {
        const other = this.reached(name);
        return other && asItIs(other.description);
      },
      unresolved: (name) =>
        refuse('policy.broken', `A policy of ${description.name} speaks of ${name}, which is not there`),
      parameter: (name) => this.variable(name, description.name),
      used: (found) => {
        if (found.source === table) used.push(found);
      },
    };
    new Binder(reading, edits).expression(expression.node, new Scope([table], null), null);
    return { text: edits.apply(expression.text).slice('SELECT '.length), used };
  }

  private variable(written: string, relation: string): string {
    const name = written.slice(1);
    const value = this.request.variables.get(name);
    if (!written.startsWith(':') || value === undefined)
      refuse(
        'policy.broken',
        `A policy of ${relation} needs the variable ${written}, which this user has not`,
      );
    return quoteLiteral(value, name);
  }

  /** The view's own text, rewritten, under the view's name; its columns as NULL where that cannot be done. */
  private viewOrigin(reached: Reached): Origin {
    const { description, definition } = reached;
    const { name } = description;
    const columns = description.columns.filter((column) => column.visible);
    const shown = (definition?.relations ?? []).map((one) => this.reached(one)).filter((one) => one !== null);
    if (definition !== null && !shown.some((one) => this.isProtected(one))) return tableOrigin(description);
    const inlined = definition?.safe === true ? this.inline(reached) : null;
    const body = inlined?.text ?? this.nothing(reached, columns);
    return {
      before: `WITH ${quoteIdentifier(name)} (${columns.map((column) => quoteIdentifier(column.name)).join(', ')}) AS (${body}) `,
      from: quoteIdentifier(name),
      source: { spliced: true },
      masked: inlined?.masked ?? columns.map(() => true),
    };
  }

  /** NULL in every column; and no rows at all where how many there are could tell of hidden ones. */
  private nothing(reached: Reached, columns: readonly DescribedColumn[]): string {
    const rows = this.hidesRows(reached)
      ? 'WHERE 0'
      : `FROM main.${quoteIdentifier(reached.description.name)}`;
    return `SELECT ${columns.map(() => 'NULL').join(', ')} ${rows}`;
  }

  private hidesRows({ description, filters, definition }: Reached, seen = new Set<string>()): boolean {
    const name = fold(description.name);
    if (seen.has(name)) return false;
    seen.add(name);
    if (filters.length > 0 || (description.kind === 'view' && definition === null)) return true;
    return (definition?.relations ?? []).some((one) => {
      const other = this.reached(one);
      return other !== null && this.hidesRows(other, seen);
    });
  }

  private inline({ description, definition }: Reached): { text: string; masked: boolean[] } | null {
    const name = fold(description.name);
    const select = definition && child(definition.root, 'body');
    if (!select || this.building.has(name)) return null;
    this.building.add(name);
    const edits = new TextEdits();
    const reading: Reading = {
      text: definition.text,
      qualify: true,
      masksAnything: true,
      standFor: (other) => this.standFor(other, 'null'),
      unresolved: () => refuse('query.unsupported', 'A name of the view is not explained'),
      parameter: () => refuse('query.unsupported', 'A view takes no parameters'),
    };
    try {
      const output = new Binder(reading, edits).select(select, null, null);
      const width = description.columns.filter((column) => column.visible).length;
      if (output.open || output.columns.length !== width) return null;
      const text = `${edits.apply(definition.text)}\n`;
      if (text.length > maxStandLength)
        refuse('query.too_complex', `${description.name} is a view of too many views`);
      return { text, masked: output.columns.map(({ masked }) => masked) };
    } catch (error) {
      const ours = error instanceof Refused && !lasting.has(error.refusal.code);
      if (ours) return null;
      throw error;
    } finally {
      this.building.delete(name);
    }
  }
}

/** Refusals that are not about what one view happens to say. */
const lasting = new Set(['policy.broken', 'query.too_complex']);

/** What a derived table selects from. */
interface Origin {
  readonly before: string;
  readonly from: string;
  readonly source: Partial<Source>;
  readonly masked: readonly boolean[] | null;
}

function tableOrigin({ name }: RelationDescription): Origin {
  return { before: '', from: `main.${quoteIdentifier(name)}`, source: {}, masked: null };
}

const plainColumn = ({ name }: DescribedColumn): OutputColumn => ({ name, masked: false });
const isRowIdName = (name: string): boolean => /^(?:rowid|oid|_rowid_)$/i.test(name);

export function asItIs(description: RelationDescription): Stand {
  return {
    description,
    text: null,
    columns: description.columns.filter((column) => column.visible).map(plainColumn),
    unlisted: description.columns.filter((column) => !column.visible).map(plainColumn),
    denied: new Map(),
    rowId: description.kind === 'view' ? 'none' : 'own',
  };
}

/** The column that is the row id, where the viewer sees it: a derived table has no row id of its own. */
export function rowIdBehind({ description, rules }: Reached): Source['rowId'] {
  if (description.kind === 'view') return 'none';
  const hidden = description.columns.some((column) => !column.visible && isRowIdName(column.name));
  const [key, second] = description.primaryKey;
  if (hidden || key === undefined) return 'refused';
  const column = columnOf(description, key);
  if (second !== undefined || column?.type.toUpperCase() !== 'INTEGER') return 'none';
  return rules.has(fold(key)) ? 'refused' : { name: column.name, masked: false };
}
