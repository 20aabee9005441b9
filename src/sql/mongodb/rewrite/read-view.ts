import type { RelationDescription } from '../../../common/relation-description';
import { refuse, Refused } from '../../refused';
import { isObject } from '../json';
import { parseStrictJson, type Json, type JsonObject } from '../strict-json';
import { PipelineWalker } from '../walk-pipeline';

export interface View {
  readonly viewOn: string;
  readonly pipeline: readonly JsonObject[];
  /** What of its definition is not understood; nothing protected may be read through such a view. */
  readonly strange: string | null;
}

/** @throws Refused `policy.unsupported` when the account may not look into the view */
export function readView({ name, definition }: RelationDescription): View {
  const written = definition === null ? null : parse(definition);
  const { viewOn, pipeline } = isObject(written ?? undefined) ? (written as JsonObject) : {};
  if (typeof viewOn !== 'string' || !Array.isArray(pipeline) || !pipeline.every(isObject))
    return refuse(
      'policy.unsupported',
      `What the view ${JSON.stringify(name)} reads cannot be seen by the account of the connection`,
    );
  return { viewOn, pipeline, strange: strangeIn(pipeline) };
}

function parse(text: string): Json {
  try {
    return parseStrictJson(text).value;
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

function strangeIn(pipeline: readonly JsonObject[]): string | null {
  try {
    new PipelineWalker().pipeline(pipeline);
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.refusal.construct ?? 'its pipeline';
    throw error;
  }
}
