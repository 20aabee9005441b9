/**
 * The nodes of PostgreSQL's parse tree (`nodes/parsenodes.h`, `nodes/primnodes.h` of version 18) that a statement may
 * consist of, with every field of each. A node or a field that is not here refuses the statement, so a construct that a
 * newer grammar adds is refused until somebody has looked at it.
 *
 * `leaf`: text, numbers and flags. `tree`: a node or a list of nodes, each wrapped in its kind. Otherwise the kind of
 * the one node that stands there unwrapped.
 */
export type FieldShape = 'leaf' | 'tree' | (string & {});
export type NodeShape = Readonly<Record<string, FieldShape>>;

export const words = (list: string): string[] => list.split(/\s+/).filter((word) => word !== '');
export const fields = (leaves: string, trees: string, nodes: NodeShape = {}): NodeShape => ({
  ...Object.fromEntries(words(leaves).map((name) => [name, 'leaf'])),
  ...Object.fromEntries(words(trees).map((name) => [name, 'tree'])),
  ...nodes,
});

const json = {
  output: 'JsonOutput',
  on_empty: 'JsonBehavior',
  on_error: 'JsonBehavior',
  format: 'JsonFormat',
};
const pick = (...names: (keyof typeof json)[]): NodeShape =>
  Object.fromEntries(names.map((name) => [name, json[name]]));

const statements = {
  SelectStmt: fields(
    'groupDistinct limitOption op all',
    'distinctClause targetList fromClause whereClause groupClause havingClause windowClause valuesLists sortClause limitOffset limitCount',
    { withClause: 'WithClause', larg: 'SelectStmt', rarg: 'SelectStmt' },
  ),
  InsertStmt: fields('override', 'cols selectStmt', {
    relation: 'TargetRangeVar',
    onConflictClause: 'OnConflictClause',
    returningClause: 'ReturningClause',
    withClause: 'WithClause',
  }),
  UpdateStmt: fields('', 'targetList whereClause fromClause', {
    relation: 'TargetRangeVar',
    returningClause: 'ReturningClause',
    withClause: 'WithClause',
  }),
  DeleteStmt: fields('', 'usingClause whereClause', {
    relation: 'TargetRangeVar',
    returningClause: 'ReturningClause',
    withClause: 'WithClause',
  }),
  MergeStmt: fields('', 'sourceRelation joinCondition mergeWhenClauses', {
    relation: 'TargetRangeVar',
    returningClause: 'ReturningClause',
    withClause: 'WithClause',
  }),
  WithClause: fields('recursive location', 'ctes'),
  CommonTableExpr: fields('ctename ctematerialized location', 'aliascolnames ctequery', {
    search_clause: 'CTESearchClause',
    cycle_clause: 'CTECycleClause',
  }),
  CTESearchClause: fields('search_breadth_first search_seq_column location', 'search_col_list'),
  CTECycleClause: fields(
    'cycle_mark_column cycle_path_column location',
    'cycle_col_list cycle_mark_value cycle_mark_default',
  ),
  OnConflictClause: fields('action location', 'targetList whereClause', { infer: 'InferClause' }),
  InferClause: fields('conname location', 'indexElems whereClause'),
  IndexElem: fields('name indexcolname ordering nulls_ordering', 'expr collation'),
  MergeWhenClause: fields('matchKind commandType override', 'condition targetList values'),
  ReturningClause: fields('', 'options exprs'),
  ReturningOption: fields('option value location', ''),
  MergeSupportFunc: fields('msftype msfcollid location', ''),
  MultiAssignRef: fields('colno ncolumns', 'source'),
  SetToDefault: fields('typeId typeMod collation location', ''),
};

const sources = {
  RangeVar: fields('catalogname schemaname relname inh relpersistence location', '', { alias: 'Alias' }),
  RangeSubselect: fields('lateral', 'subquery', { alias: 'Alias' }),
  RangeFunction: fields('lateral ordinality is_rowsfrom', 'functions coldeflist', { alias: 'Alias' }),
  RangeTableFunc: fields('lateral location', 'docexpr rowexpr namespaces columns', { alias: 'Alias' }),
  RangeTableFuncCol: fields('colname for_ordinality is_not_null location', 'colexpr coldefexpr', {
    typeName: 'TypeName',
  }),
  RangeTableSample: fields('location', 'relation method args repeatable'),
  JoinExpr: fields('jointype isNatural rtindex', 'larg rarg usingClause quals', {
    alias: 'Alias',
    join_using_alias: 'Alias',
  }),
  JsonTable: fields('lateral location', 'passing columns', {
    context_item: 'JsonValueExpr',
    pathspec: 'JsonTablePathSpec',
    alias: 'Alias',
    ...pick('on_error'),
  }),
  JsonTableColumn: fields('coltype name wrapper quotes location', 'columns', {
    typeName: 'TypeName',
    pathspec: 'JsonTablePathSpec',
    ...pick('format', 'on_empty', 'on_error'),
  }),
  JsonTablePathSpec: fields('name name_location location', 'string'),
  Alias: fields('aliasname', 'colnames'),
  ColumnDef: fields('colname is_local location', '', { typeName: 'TypeName', collClause: 'CollateClause' }),
};

const expressions = {
  ResTarget: fields('name location', 'indirection val'),
  ColumnRef: fields('location', 'fields'),
  ParamRef: fields('number location', ''),
  A_Expr: fields('kind rexpr_list_start rexpr_list_end location', 'name lexpr rexpr'),
  A_Const: fields('ival fval boolval sval bsval isnull location', ''),
  A_Star: fields('', ''),
  A_Indices: fields('is_slice', 'lidx uidx'),
  A_Indirection: fields('', 'arg indirection'),
  A_ArrayExpr: fields('list_start list_end location', 'elements'),
  TypeCast: fields('location', 'arg', { typeName: 'TypeName' }),
  TypeName: fields('typeOid setof typemod location', 'names typmods arrayBounds'),
  CollateClause: fields('location', 'arg collname'),
  FuncCall: fields(
    'agg_within_group agg_star agg_distinct func_variadic funcformat location',
    'funcname args agg_order agg_filter',
    { over: 'WindowDef' },
  ),
  NamedArgExpr: fields('name argnumber location', 'arg'),
  WindowDef: fields(
    'name refname frameOptions location',
    'partitionClause orderClause startOffset endOffset',
  ),
  SortBy: fields('sortby_dir sortby_nulls location', 'node useOp'),
  GroupingSet: fields('kind location', 'content'),
  GroupingFunc: fields('location', 'args'),
  BoolExpr: fields('boolop location', 'args'),
  SubLink: fields('subLinkType subLinkId location', 'testexpr operName subselect'),
  CaseExpr: fields('location', 'arg args defresult'),
  CaseWhen: fields('location', 'expr result'),
  RowExpr: fields('row_format location', 'args colnames'),
  CoalesceExpr: fields('location', 'args'),
  MinMaxExpr: fields('op location', 'args'),
  NullTest: fields('nulltesttype argisrow location', 'arg'),
  BooleanTest: fields('booltesttype location', 'arg'),
  SQLValueFunction: fields('op typmod location', ''),
  XmlExpr: fields('op name xmloption indent location', 'named_args arg_names args'),
  XmlSerialize: fields('xmloption indent location', 'expr', { typeName: 'TypeName' }),
  List: fields('', 'items'),
  String: fields('sval', ''),
  Integer: fields('ival', ''),
  Float: fields('fval', ''),
  Boolean: fields('boolval', ''),
  BitString: fields('bsval', ''),
};

const jsonExpressions = {
  JsonFormat: fields('format_type encoding location', ''),
  JsonOutput: fields('', '', { typeName: 'TypeName', returning: 'JsonReturning' }),
  JsonReturning: fields('typid typmod', '', pick('format')),
  JsonBehavior: fields('btype coerce location', 'expr'),
  JsonValueExpr: fields('', 'raw_expr formatted_expr', pick('format')),
  JsonArgument: fields('name', '', { val: 'JsonValueExpr' }),
  JsonFuncExpr: fields('op column_name wrapper quotes location', 'pathspec passing', {
    context_item: 'JsonValueExpr',
    ...pick('output', 'on_empty', 'on_error'),
  }),
  JsonKeyValue: fields('', 'key', { value: 'JsonValueExpr' }),
  JsonParseExpr: fields('unique_keys location', '', { expr: 'JsonValueExpr', ...pick('output') }),
  JsonScalarExpr: fields('location', 'expr', pick('output')),
  JsonSerializeExpr: fields('location', '', { expr: 'JsonValueExpr', ...pick('output') }),
  JsonObjectConstructor: fields('absent_on_null unique location', 'exprs', pick('output')),
  JsonArrayConstructor: fields('absent_on_null location', 'exprs', pick('output')),
  JsonArrayQueryConstructor: fields('absent_on_null location', 'query', pick('output', 'format')),
  JsonAggConstructor: fields('location', 'agg_filter agg_order', { over: 'WindowDef', ...pick('output') }),
  JsonObjectAgg: fields('absent_on_null unique', 'arg', {
    constructor: 'JsonAggConstructor',
    arg: 'JsonKeyValue',
  }),
  JsonArrayAgg: fields('absent_on_null', '', { constructor: 'JsonAggConstructor', arg: 'JsonValueExpr' }),
  JsonIsPredicate: fields('item_type unique_keys location', 'expr', pick('format')),
};

/** Fields by node kind. */
export type NodeShapes = ReadonlyMap<string, ReadonlyMap<string, FieldShape>>;

export const shapesOf = (shapes: Readonly<Record<string, NodeShape>>): NodeShapes =>
  new Map(Object.entries(shapes).map(([kind, shape]) => [kind, new Map(Object.entries(shape))]));

/** `TargetRangeVar` is ours: the RangeVar that a statement changes. */
export const nodeShapes: NodeShapes = shapesOf({
  ...statements,
  ...sources,
  TargetRangeVar: sources.RangeVar,
  ...expressions,
  ...jsonExpressions,
});
