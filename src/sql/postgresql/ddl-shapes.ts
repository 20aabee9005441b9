import { fields, nodeShapes, shapesOf, type NodeShapes } from './node-shapes';

/**
 * What statements that define something may consist of, beside what queries may. What is missing on purpose: owners and
 * other roles, tablespaces, storage methods, foreign tables, row security, triggers, and whatever runs outside of a
 * transaction (CONCURRENTLY).
 */
export const ddlShapes: NodeShapes = new Map([
  ...nodeShapes,
  ...shapesOf({
    CreateStmt: fields('oncommit if_not_exists', 'tableElts inhRelations constraints options', {
      relation: 'TargetRangeVar',
      partspec: 'PartitionSpec',
      partbound: 'PartitionBoundSpec',
    }),
    ColumnDef: fields('colname is_local is_not_null compression location', 'constraints raw_default', {
      typeName: 'TypeName',
      collClause: 'CollateClause',
    }),
    Constraint: fields(
      'contype conname deferrable initdeferred skip_validation initially_valid is_enforced is_no_inherit generated_when ' +
        'generated_kind nulls_not_distinct without_overlaps fk_with_period pk_with_period fk_matchtype fk_upd_action ' +
        'fk_del_action location',
      'raw_expr keys including options pk_attrs fk_attrs fk_del_set_cols',
      { pktable: 'RangeVar' },
    ),
    TableLikeClause: fields('options', '', { relation: 'RangeVar' }),
    PartitionSpec: fields('strategy location', 'partParams'),
    PartitionElem: fields('name location', 'expr collation opclass'),
    PartitionBoundSpec: fields(
      'strategy is_default modulus remainder location',
      'listdatums lowerdatums upperdatums',
    ),
    DefElem: fields('defname defaction location', 'arg'),
    AlterTableStmt: fields('objtype missing_ok', 'cmds', { relation: 'TargetRangeVar' }),
    AlterTableCmd: fields('subtype name num behavior missing_ok recurse', 'def'),
    PartitionCmd: fields('', '', { name: 'TargetRangeVar', bound: 'PartitionBoundSpec' }),
    IndexStmt: fields(
      'idxname accessMethod unique nulls_not_distinct if_not_exists',
      'indexParams indexIncludingParams options whereClause',
      { relation: 'TargetRangeVar' },
    ),
    IndexElem: fields('name indexcolname ordering nulls_ordering', 'expr collation opclass'),
    ViewStmt: fields('replace withCheckOption', 'aliases query options', { view: 'TargetRangeVar' }),
    CreateTableAsStmt: fields('objtype if_not_exists', 'query', { into: 'IntoClause' }),
    IntoClause: fields('onCommit skipData', 'colNames options', { rel: 'TargetRangeVar' }),
    CreateSchemaStmt: fields('schemaname if_not_exists', ''),
    RenameStmt: fields('renameType relationType subname newname behavior missing_ok', '', {
      relation: 'TargetRangeVar',
    }),
    // The names in these are lists of text, read apart.
    DropStmt: fields('removeType behavior missing_ok objects', ''),
    CommentStmt: fields('objtype comment object', ''),
    TruncateStmt: fields('restart_seqs behavior relations', ''),
  }),
]);
