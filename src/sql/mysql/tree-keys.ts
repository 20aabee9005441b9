/**
 * The keys of sqlparser-rs trees (fields and variants of its structs and enums) that a statement may consist of. A key
 * that is not here and says something (is neither null, false nor an empty list) refuses the statement.
 */
const words = (list: string): string[] => list.trim().split(/\s+/);

/** Positions and the tokens they stand for. */
export const skippedKeys: ReadonlySet<string> = new Set(
  words(`
  span select_token with_token wildcard_token closing_paren_token opening_token closing_token case_token end_token
  insert_token update_token delete_token attached_token`),
);

export const knownKeys: ReadonlySet<string> = new Set([
  ...words(`
  Query Select SetOperation Values Subquery body left right op set_quantifier with cte_tables recursive query alias
  explicit name columns explicit_row rows content order_by kind Expressions expr options asc limit_clause LimitOffset
  OffsetCommaLimit limit offset value distinct select_modifiers high_priority sql_no_cache sql_calc_found_rows
  projection UnnamedExpr ExprWithAlias Wildcard QualifiedWildcard ObjectName from relation joins join_operator selection
  group_by having named_window window_before_qualify flavor`),
  ...words(`
  Table table_name schema_name partitions index_hints hint_type index_type index_names for_clause Derived lateral
  subquery NestedJoin table_with_joins JsonTable json_expr json_path Named Nested ForOrdinality type path exists on_empty
  on_error Join Inner Left LeftOuter Right RightOuter CrossJoin StraightJoin On Using Natural None`),
  ...words(`
  Identifier quote_style CompoundIdentifier Value Number SingleQuotedString SingleQuotedByteStringLiteral
  HexStringLiteral NationalStringLiteral Boolean Placeholder Prefixed prefix TypedString data_type BinaryOp UnaryOp Nested
  Tuple AllOp AnyOp compare_op is_some Exists negated InSubquery InList list Between low high Like RLike pattern
  escape_char regexp IsNull IsNotNull IsTrue IsNotTrue IsFalse IsNotFalse IsUnknown IsNotUnknown Case operand conditions
  condition result else_result Cast Convert charset Collate collation Extract field syntax Substring substring_from
  substring_for special shorthand Trim trim_where trim_what trim_characters Position in Ceil Floor Interval
  leading_field leading_precision last_field fractional_seconds_precision DateTimeField MatchAgainst match_value
  opt_search_modifier MemberOf array`),
  ...words(`
  Function args List Unnamed Expr duplicate_treatment clauses OrderBy Separator JsonReturningClause null_treatment over
  WindowSpec NamedWindow window_name partition_by window_frame units start_bound end_bound Preceding Following
  within_group parameters`),
  ...words(`
  Insert into table TableName source assignments target ColumnName Tuple on DuplicateKeyUpdate insert_alias row_alias
  col_aliases ignore replace_into partitioned priority returning Update Delete tables
  WithFromKeyword using Explain statement format Assignment describe_alias analyze verbose`),
  // Types of CAST, CONVERT and JSON_TABLE columns.
  ...words(`
  Array Binary Varbinary Blob Char Character Varchar CharVarying Nvarchar Text IntegerLength length unit Int Integer
  TinyInt SmallInt MediumInt BigInt Unsigned UnsignedInteger Signed SignedInteger IntUnsigned BigIntUnsigned Dec Decimal
  Numeric Float Double DoublePrecision Real PrecisionAndScale Precision Date Time Datetime Timestamp JSON Custom`),
]);

/** How keys are called in a refusal, and those of them that would write. */
export const refusedKeys: ReadonlyMap<string, { readonly construct: string; readonly writes?: boolean }> =
  new Map([
    ['locks', { construct: 'FOR UPDATE/SHARE', writes: true }],
    ['optimizer_hints', { construct: 'optimizer hints' }],
    ['settings', { construct: 'SETTINGS' }],
    ['args', { construct: 'a table function' }],
    ['sample', { construct: 'TABLESAMPLE' }],
    ['version', { construct: 'FOR SYSTEM_TIME' }],
    ['uses_odbc_syntax', { construct: 'ODBC escapes' }],
  ]);
