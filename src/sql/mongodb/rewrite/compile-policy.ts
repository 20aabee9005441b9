import { refuse, Refused } from '../../refused';
import type { ColumnPolicy, MaskKind, RelationPolicy } from '../../policy/relation-policy';
import type { PolicyVariables } from '../../policy/rewriting';
import { holds, isObject } from '../json';
import { parseStrictJson, type Json, type JsonObject } from '../strict-json';
import { PipelineWalker } from '../walk-pipeline';
import { requireClosed } from './check-expression';
import type { CompiledPolicy } from './compiled-policy';
import { isPolicyPath } from './field-path';
import { fieldsOfFilter } from './fields-read';
import { maskStages, type Mask } from './mask-document';
import { maskValue, unlessAbsent } from './mask-value';
import { Substitution } from './substitute-variables';

/** Operators that a filter may not hold: an index or a score decides over them, or chance. */
const misplaced = new Set(['$text', '$near', '$nearSphere', '$meta', '$rand', '$sampleRate']);
const valueOnly: ReadonlySet<string> = new Set(['value']);
const none: ReadonlySet<string> = new Set();

/** Reads what an administrator wrote; whatever is wrong with it is not the caller's fault. */
function readWritten(text: string, what: string): Json {
  try {
    const { value } = parseStrictJson(text);
    new PipelineWalker().document(value);
    if (holds(value, (part) => isObject(part) && Object.keys(part).some((name) => misplaced.has(name))))
      refuse('policy.broken', `${what} uses an operator that cannot decide over a document`);
    return value;
  } catch (error) {
    if (error instanceof Refused && error.refusal.code !== 'policy.broken')
      return refuse('policy.broken', `${what} is not an expression of MongoDB as JSON`);
    throw error;
  }
}

function compileFilter(texts: readonly string[], variables: PolicyVariables): JsonObject | null {
  const filters = texts.map((text) => {
    const value = readWritten(text, 'A row filter');
    if (!isObject(value)) return refuse('policy.broken', 'A row filter is a JSON object as $match takes it');
    requireClosed(value, none);
    return new Substitution(variables).filter(value);
  });
  if (filters.length <= 1) return filters[0] ?? null;
  return { $and: filters };
}

function maskOf(policy: ColumnPolicy & { rule: 'mask' }, column: string, variables: PolicyVariables): Mask {
  if (policy.mask === 'hash')
    return refuse(
      'policy.unsupported',
      `The mask of ${JSON.stringify(column)} is a keyed hash, which MongoDB has no function for; an administrator can choose another mask`,
    );
  if (policy.mask !== 'expression') {
    const kind = policy.mask;
    return (value) => maskValue(kind, value);
  }
  const written = readWritten(policy.expression, 'The expression of a mask');
  requireClosed(written, valueOnly);
  const expression = new Substitution(variables).expression(written);
  return (value) => unlessAbsent(value, { $let: { vars: { value }, in: expression } });
}

/** @throws Refused `policy.broken`, `policy.unsupported` */
export function compilePolicy(policy: RelationPolicy, variables: PolicyVariables): CompiledPolicy {
  const masks = new Map<string, Mask>();
  const kinds = new Map<string, MaskKind>();
  const denied: string[] = [];
  for (const [column, rule] of policy.columns) {
    if (!isPolicyPath(column))
      refuse('policy.broken', `${JSON.stringify(column.slice(0, 60))} is no path of members of a document`);
    if (rule.rule === 'deny') denied.push(column);
    else {
      masks.set(column, maskOf(rule, column, variables));
      kinds.set(column, rule.mask);
    }
  }
  const filter = compileFilter(policy.rowFilters, variables);
  return {
    filter,
    filterReads: fieldsOfFilter(filter),
    columns: [...maskStages(masks, denied), ...(denied.length === 0 ? [] : [{ $unset: denied }])],
    masks: kinds,
    denied,
    comparesText:
      [...kinds.values()].includes('expression') ||
      holds(filter, (part) => typeof part === 'string' || (isObject(part) && '$regularExpression' in part)),
  };
}
