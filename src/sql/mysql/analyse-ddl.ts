import type { Refusal, StatementFacts } from '../facts';
import { isTree, type Tree } from '../json-tree';
import { refuse, Refused } from '../refused';
import type { LexedMysql } from './lex-mysql';
import { readName, TreeWalker } from './walk-tree';

const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

const firstWords = words('create alter drop truncate rename');

/** Whether a statement may define something, as far as its parts allow. */
export const isDdl = ({ words: [first], code }: LexedMysql): boolean =>
  first !== undefined && firstWords.has(first.word) && code.slice(0, first.position).trim() === '';

/**
 * Words that none of what is accepted needs. The grammar knows them as something else, as names or not at all, and the
 * server takes them for files, other servers, other accounts, stored programs or storage engines. A column of such a name
 * is written in quotes.
 */
const refusedWords = words(`
  connection data database definer directory encryption engine engines event external function grant infile instance into
  lock logfile outfile partition password plugin procedure role schema sequence server spatial sql storage
  system tablespace tables temporary trigger user versioning wait nowait`);

const unsupported = (construct: string): never =>
  refuse('query.read_only', `${construct} is not accepted here`, { construct });
const nothing: ReadonlySet<unknown> = new Set([null, undefined, false, 'None', 'NONE']);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const treeOf = (value: unknown): Tree => (isTree(value) ? value : unsupported('a statement of this form'));

/** The node, which says nothing but in these members. */
function only(value: unknown, ...members: readonly string[]): Tree {
  const node = treeOf(value);
  for (const [key, said] of Object.entries(node)) {
    if (members.includes(key) || nothing.has(said) || (Array.isArray(said) && said.length === 0)) continue;
    unsupported(key.replaceAll('_', ' ').toUpperCase());
  }
  return node;
}

/** Walks over one statement of sqlparser-rs; whatever is not named here refuses it. */
class DdlReader {
  readonly walker = new TreeWalker();

  relation(name: unknown, access: 'read' | 'write'): void {
    const { schema, name: table, position } = readName(name);
    this.walker.collector.relation(schema, table, access, position);
  }

  read(variant: string, node: unknown): void {
    const read = this.statements[variant];
    if (read === undefined) unsupported(variant.replace(/([a-z])([A-Z])/g, '$1 $2').toUpperCase());
    else read(node);
  }

  private readonly statements: Readonly<Record<string, (node: unknown) => void>> = {
    CreateTable: (value) => {
      const node = only(value, 'if_not_exists', 'or_replace', 'name', 'columns', 'constraints', 'like');
      this.relation(node.name, 'write');
      for (const column of listOf(node.columns)) this.column(column);
      for (const constraint of listOf(node.constraints)) this.constraint(constraint);
      if (isTree(node.like)) this.relation(only(only(node.like, 'Plain').Plain, 'name').name, 'read');
    },
    CreateIndex: (value) => {
      const node = only(value, 'name', 'table_name', 'columns', 'unique', 'if_not_exists', 'using');
      this.relation(node.table_name, 'write');
      this.indexed(node.columns);
    },
    CreateView: (value) => {
      const node = only(value, 'or_replace', 'name', 'columns', 'query', 'if_not_exists');
      for (const column of listOf(node.columns)) only(column, 'name');
      this.relation(node.name, 'write');
      this.walker.walk(node.query);
    },
    Drop: (value) => {
      const node = only(value, 'object_type', 'if_exists', 'names', 'table', 'cascade', 'restrict');
      if (node.object_type === 'Index') return this.relation(node.table, 'write');
      if (node.object_type !== 'Table' && node.object_type !== 'View')
        unsupported(`DROP ${String(node.object_type).toUpperCase()}`);
      for (const name of listOf(node.names)) this.relation(name, 'write');
    },
    Truncate: (value) => {
      const node = only(value, 'table_names', 'table');
      for (const table of listOf(node.table_names)) this.relation(only(table, 'name').name, 'write');
    },
    RenameTable: (value) => {
      for (const rename of listOf(value)) {
        const node = only(rename, 'old_name', 'new_name');
        this.relation(node.old_name, 'write');
        this.relation(node.new_name, 'write');
      }
    },
    AlterTable: (value) => {
      const node = only(value, 'name', 'operations', 'end_token');
      this.relation(node.name, 'write');
      for (const operation of listOf(node.operations)) this.operation(operation);
    },
  };

  private column(value: unknown): void {
    const node = only(value, 'name', 'data_type', 'options');
    if (isTree(node.data_type)) this.walker.walk(node.data_type);
    this.options(listOf(node.options).map((option) => only(option, 'option').option));
  }

  private options(options: readonly unknown[]): void {
    for (const option of options) {
      if (option === 'NotNull' || option === 'Null') continue;
      const [kind = '', value] = Object.entries(treeOf(option))[0] ?? [];
      if (kind === 'Comment') continue;
      if (kind === 'Default' || kind === 'OnUpdate') this.walker.walk(value);
      else if (kind === 'Check') this.walker.walk(only(value, 'expr').expr);
      else if (kind === 'Generated') {
        const members = ['generated_as', 'generation_expr', 'generation_expr_mode', 'generated_keyword'];
        this.walker.walk(only(value, ...members).generation_expr);
      } else if (kind === 'PrimaryKey') only(value);
      else if (kind === 'Unique') only(value);
      else if (kind === 'ForeignKey') this.foreignKey(value);
      else if (kind !== 'DialectSpecific' || !isAutoIncrement(value)) unsupported(kind);
    }
  }

  private constraint(value: unknown): void {
    const [kind = '', node] = Object.entries(treeOf(value))[0] ?? [];
    if (kind === 'Check') this.walker.walk(only(node, 'name', 'expr').expr);
    else if (kind === 'ForeignKey') this.foreignKey(node);
    else if (kind === 'PrimaryKey' || kind === 'Unique' || kind === 'Index') {
      const members = ['name', 'index_name', 'index_type', 'index_type_display', 'display_as_key', 'columns'];
      this.indexed(only(node, ...members).columns);
    } else unsupported(kind);
  }

  private foreignKey(value: unknown): void {
    const members = [
      'name',
      'index_name',
      'columns',
      'foreign_table',
      'referred_columns',
      'on_delete',
      'on_update',
    ];
    this.relation(only(value, ...members).foreign_table, 'read');
  }

  /** Names of columns; a name with a length, `b(10)`, looks like the call of a function. */
  private indexed(columns: unknown): void {
    for (const entry of listOf(columns)) {
      const { expr, options } = only(only(entry, 'column').column, 'expr', 'options');
      only(options, 'asc');
      const column = treeOf(expr);
      if (column.Identifier === undefined && !isPrefix(column.Function))
        unsupported('an index on an expression');
    }
  }

  private operation(value: unknown): void {
    if (value === 'DropPrimaryKey') return;
    const [kind = '', node] = Object.entries(treeOf(value))[0] ?? [];
    const read = this.operations[kind];
    if (read === undefined)
      unsupported(`ALTER TABLE … ${kind.replace(/([a-z])([A-Z])/g, '$1 $2').toUpperCase()}`);
    else read(node);
  }

  private readonly operations: Readonly<Record<string, (node: unknown) => void>> = {
    AddColumn: (node) =>
      this.column(only(node, 'column_keyword', 'if_not_exists', 'column_def', 'column_position').column_def),
    AddConstraint: (node) => this.constraint(only(node, 'constraint').constraint),
    DropColumn: (node) => only(node, 'has_column_keyword', 'column_names', 'if_exists'),
    DropConstraint: (node) => only(node, 'name', 'if_exists'),
    DropForeignKey: (node) => only(node, 'name'),
    DropIndex: (node) => only(node, 'name'),
    DropPrimaryKey: (node) => only(node),
    RenameColumn: (node) => only(node, 'old_column_name', 'new_column_name'),
    ModifyColumn: (value) => {
      const node = only(value, 'col_name', 'data_type', 'options', 'column_position');
      if (isTree(node.data_type)) this.walker.walk(node.data_type);
      this.options(listOf(node.options));
    },
    ChangeColumn: (value) => {
      const node = only(value, 'old_name', 'new_name', 'data_type', 'options', 'column_position');
      if (isTree(node.data_type)) this.walker.walk(node.data_type);
      this.options(listOf(node.options));
    },
    RenameTable: (node) => {
      const [, name] = Object.entries(only(only(node, 'table_name').table_name, 'To', 'As'))[0] ?? [];
      this.relation(name, 'write');
    },
    AlterColumn: (value) => {
      const { op } = only(value, 'column_name', 'op');
      if (op !== 'DropDefault') this.walker.walk(only(only(op, 'SetDefault').SetDefault, 'value').value);
    },
  };
}

function isAutoIncrement(tokens: unknown): boolean {
  const [token, ...more] = listOf(tokens);
  const word = isTree(token) && isTree(token.Word) ? token.Word.keyword : null;
  return more.length === 0 && word === 'AUTO_INCREMENT';
}

function isPrefix(call: unknown): boolean {
  const list = isTree(call) && isTree(call.args) && isTree(call.args.List) ? listOf(call.args.List.args) : [];
  return (
    list.length === 1 && /^\{"Unnamed":\{"Expr":\{"Value":\{"value":\{"Number":/.test(JSON.stringify(list[0]))
  );
}

/** How often words of a query may stand in the text beside it: `CREATE TABLE`, and none in the others. */
function compareWithQuery(reader: DdlReader, { words: all }: LexedMysql): void {
  const count = (...wanted: string[]): number => all.filter(({ word }) => wanted.includes(word)).length;
  const { census } = reader.walker;
  const agrees = count('select') === census.select && count('join', 'straight_join') === census.join;
  if (!agrees || census.table > 0) unsupported('a query of this form');
}

/** Facts of a statement that defines tables, indexes or views. @throws Refused */
export async function analyseDdl(lexed: LexedMysql, parse: () => Promise<Tree>): Promise<StatementFacts> {
  const [first] = lexed.words;
  const construct = first!.word.toUpperCase();
  const detail = `${construct} is not accepted here`;
  const refusal: Refusal = { code: 'query.read_only', detail, construct, position: first!.position };
  try {
    for (const { word, position } of lexed.words)
      if (refusedWords.has(word))
        refuse('query.read_only', `${word.toUpperCase()} is not accepted here`, {
          construct: word.toUpperCase(),
          position,
        });
    const [variant = '', node] = Object.entries(await parse())[0] ?? [];
    const reader = new DdlReader();
    reader.read(variant, node);
    compareWithQuery(reader, lexed);
    if (lexed.parameterCount > 0) unsupported('a parameter in a definition');
    return { ...reader.walker.collector.facts('ddl'), access: 'write', refusal };
  } catch (error) {
    // For everybody it is a statement that is not accepted, whether or not the grammar knows all of it.
    if (!(error instanceof Refused) || error.refusal.code === 'service.unavailable') throw error;
    throw new Refused({ ...error.refusal, code: refusal.code, construct });
  }
}
