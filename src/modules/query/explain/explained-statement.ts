import { AppError, isAppError } from '../../../common/app-error';
import type { Dialect } from '../../../common/dialect';
import { explainPrefixes } from '../../../sql/explain-prefix';
import type { StatementFacts } from '../../../sql/facts';

/** A statement whose plan is asked for. */
export interface ExplainedStatement {
  /** What the statement itself is: `select`, `update`, … */
  readonly kind: string;
  /** The question for its plan, as the engine writes it: this is what is judged, recorded and sent. */
  readonly text: string;
  /** UTF-16 units in front of the statement as it was written. */
  readonly shift: number;
}

/**
 * @param facts of the statement as it was written
 * @throws AppError `query.unsupported` for what has no plan here
 */
export function explainStatement(
  dialect: Dialect,
  text: string,
  { kind }: StatementFacts,
): ExplainedStatement {
  const prefix = explainPrefixes[dialect];
  if (kind === 'explain') throw unsupported('Send the statement itself: its plan is what is asked for here');
  if (kind === 'ddl') throw unsupported('What defines tables, indexes and views has no plan');
  return { kind, text: prefix + text, shift: prefix.length };
}

/** The question as far as it can be written, for the record of a refusal. */
export function questionOf(dialect: Dialect | null, text: string): string {
  return (dialect ? explainPrefixes[dialect] : '') + text;
}

/** Positions are told in the text as it was written. */
export function inStatement(explained: ExplainedStatement | undefined, error: unknown): unknown {
  if (explained === undefined || !isAppError(error) || typeof error.extra.position !== 'number') return error;
  return error.with({ position: Math.max(0, error.extra.position - explained.shift) });
}

function unsupported(detail: string): AppError {
  return new AppError('query.unsupported', detail, { extra: { construct: 'EXPLAIN' } });
}
