import type { RelationReads, RelationVersion } from '../../common/relation-description';
import type { MaskedColumns, ProtectedRelation, TextEdit } from '../../sql/policy/rewriting';

/** A statement as it will be sent for one viewer. */
export interface Plan {
  readonly text: string;
  /** From what was written to `text`. */
  readonly edits: readonly TextEdit[];
  /** Versions of relations that must hold while it runs; empty when the connection has no policies. */
  readonly expects: readonly RelationVersion[];
  readonly relations: readonly ProtectedRelation[];
  readonly maskedColumns: MaskedColumns;
  /** All that the text may read, where that is known. */
  readonly reads?: readonly RelationReads[];
  /** Key of the keyed hash, where the text calls it as a function and its key must not stand there. */
  readonly hashKey?: Buffer;
  /** The text that is sent calls nothing but built-ins which only compute. */
  readonly stateless: boolean;
}
