import type { Role } from '../../common/principal';
import type { MaskKind } from '../../sql/policy/relation-policy';

export interface PolicyAudience {
  readonly roles?: readonly Role[];
  /** Names of users. */
  readonly users?: readonly string[];
}

interface PolicyOnTable {
  readonly schema?: string | null;
  readonly table: string;
  /** Without it: everyone but administrators, who could take the policy away. */
  readonly appliesTo?: PolicyAudience;
  readonly exempt?: PolicyAudience;
}

/** One policy as it is kept; names are spelled as the catalog spells them. Exactly one of its effects is there. */
export interface PolicyItem extends PolicyOnTable {
  readonly column?: string;
  readonly mask?: MaskKind;
  /** SQL of the dialect (MongoDB: an aggregation expression as JSON) for `mask: "expression"`. */
  readonly expression?: string;
  readonly rowFilter?: string;
  readonly deny?: boolean;
}
