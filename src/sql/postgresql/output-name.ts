import { isTree, listOf, type Tree } from '../json-tree';
import { nameParts, unwrap } from './tree';

type Name = (node: Tree) => string | undefined;

const fixed =
  (name: string): Name =>
  () =>
    name;

/** How a column of the result is called by default (parse_target.c, FigureColnameInternal). */
const names: ReadonlyMap<string, Name> = new Map<string, Name>([
  ['ColumnRef', ({ fields }) => nameParts(fields).at(-1)],
  ['A_Indirection', ({ arg, indirection }) => nameParts(indirection).at(-1) ?? outputName(arg)],
  ['FuncCall', ({ funcname }) => nameParts(funcname).at(-1)],
  [
    'TypeCast',
    ({ arg, typeName }) => {
      const name = outputName(arg);
      return name === '?column?' && isTree(typeName) ? nameParts(typeName.names).at(-1) : name;
    },
  ],
  ['CollateClause', ({ arg }) => outputName(arg)],
  ['CaseExpr', ({ defresult }) => (outputName(defresult) === '?column?' ? 'case' : outputName(defresult))],
  ['A_ArrayExpr', fixed('array')],
  ['RowExpr', fixed('row')],
  ['CoalesceExpr', fixed('coalesce')],
  ['MinMaxExpr', ({ op }) => (op === 'IS_LEAST' ? 'least' : 'greatest')],
  ['A_Expr', ({ kind }) => (kind === 'AEXPR_NULLIF' ? 'nullif' : undefined)],
  [
    'SQLValueFunction',
    ({ op }) =>
      String(op)
        .replace(/^SVFOP_/, '')
        .replace(/_N$/, '')
        .toLowerCase(),
  ],
  [
    'SubLink',
    ({ subLinkType, subselect }) => {
      if (subLinkType === 'EXISTS_SUBLINK') return 'exists';
      if (subLinkType === 'ARRAY_SUBLINK') return 'array';
      if (subLinkType !== 'EXPR_SUBLINK') return undefined;
      const target = unwrap(listOf(unwrap(subselect)?.node.targetList)[0])?.node;
      return target === undefined
        ? undefined
        : typeof target.name === 'string'
          ? target.name
          : outputName(target.val);
    },
  ],
]);

export function outputName(value: unknown): string {
  const found = unwrap(value);
  return (found && names.get(found.kind)?.(found.node)) ?? '?column?';
}
