import type { RelationDescription, RelationName, RelationReads } from '../../common/relation-description';
import type { Refusal } from '../facts';
import type { MaskKind, RelationPolicy } from './relation-policy';

/** Values of `:user_id`, `:username`, `:role` and the user's own attributes in row filters and mask expressions. */
export type PolicyVariables = ReadonlyMap<string, string | number | boolean | null>;

export interface RewriteRequest {
  readonly text: string;
  /** Schemas an unqualified name may resolve to, in order; empty where the engine has none. */
  readonly searchPath: readonly string[];
  /**
   * What the catalog says of a name with its schema.
   * @returns `null` when there is no such relation, `undefined` when nobody has looked yet: the rewriting then ends with
   * `missing` and is done again once those were described
   */
  describe(relation: RelationName): RelationDescription | null | undefined;
  /** The policy of exactly this relation for this viewer, `null` for none. Not those of its ancestors. */
  policyOf(relation: RelationName): RelationPolicy | null;
  readonly variables: PolicyVariables;
  /** 32 bytes; key of the `hash` mask. */
  readonly hashKey: Buffer;
}

/** One change of the text; edits are sorted, do not overlap, and count in UTF-16 units of the text as written. */
export interface TextEdit {
  readonly start: number;
  /** First unit after what is replaced; equal to `start` for an insertion. */
  readonly end: number;
  readonly text: string;
}

/** What of a relation the viewer meets; the relations that are written as they were have neither. */
export interface ProtectedRelation extends RelationName {
  readonly filtered: boolean;
  readonly masks: Readonly<Record<string, MaskKind>>;
  readonly denied: readonly string[];
}

/** For engines whose results have no columns before they are read. */
export interface MaskedMembers {
  /** Top-level members of the resulting documents that can carry masked values; `null`: any of them can. */
  readonly members: readonly string[] | null;
}

/** By place, one beyond the list counting as masked; by name; `null`: none is. */
export type MaskedColumns = readonly boolean[] | MaskedMembers | null;

export interface RewrittenStatement {
  /** Sent instead of what was written; the very same string where no policy applies. */
  readonly text: string;
  readonly edits: readonly TextEdit[];
  /** Every relation the statement reaches, through views too, and what holds for it. */
  readonly relations: readonly ProtectedRelation[];
  /** Relations whose descriptions the rewriting rests on, also those that were found not to exist. */
  readonly restsOn: readonly RelationName[];
  /**
   * All that the rewritten statement may read, for engines that ask before each access (SQLite): whatever the rewriting
   * overlooked is refused there. Omitted: not told.
   */
  readonly reads?: readonly RelationReads[];
  /**
   * Which columns of the result can carry masked values, in their order; `null` when the statement reads none. Where
   * it cannot be told, a column counts as masked. MongoDB: by name.
   */
  readonly maskedColumns: MaskedColumns;
}

export type Rewriting =
  | { readonly ok: true; readonly statement: RewrittenStatement }
  | { readonly ok: false; readonly refusal: Refusal }
  | { readonly ok: false; readonly missing: readonly RelationName[] };

export type RewriteStatement = (request: RewriteRequest) => Promise<Rewriting> | Rewriting;
