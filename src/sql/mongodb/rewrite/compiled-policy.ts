import type { JsonObject } from '../strict-json';
import type { MaskKind } from '../../policy/relation-policy';
import type { FieldsRead } from './fields-read';

/** A policy of one collection or view as stages of a pipeline. */
export interface CompiledPolicy {
  /** `$match` document that a shown document satisfies; `null` where all are shown. */
  readonly filter: JsonObject | null;
  /** What the filter reads of a document. */
  readonly filterReads: FieldsRead;
  /** Stages that mask and remove, in their order. */
  readonly columns: readonly JsonObject[];
  /** Paths by which they do. */
  readonly masks: ReadonlyMap<string, MaskKind>;
  readonly denied: readonly string[];
  /** Whether the collation under which the filter or an expression runs could change what it says. */
  readonly comparesText: boolean;
}

/** Every path whose value the viewer does not meet as it is. */
export const hiddenPaths = ({ masks, denied }: CompiledPolicy): string[] => [...masks.keys(), ...denied];
