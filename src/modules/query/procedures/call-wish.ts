import type { RelationName } from '../../../common/relation-description';
import type { CallArguments } from '../../../drivers/procedure';
import type { ListedProcedure } from '../../permissions/listed-procedure';

/** What somebody wants to call. */
export interface CallWish {
  /** `schema.name`, or `name` where the search path of the connection has one schema. */
  readonly procedure: string;
  readonly arguments: CallArguments;
}

/** A call that may run. */
export interface PermittedCall {
  readonly wish: CallWish;
  readonly procedure: RelationName;
  /** What the permission says of it; `null` for administrators. */
  readonly declared: ListedProcedure | null;
}

/** The call as the record has it: values are not recorded, as those of a statement are not. */
export function textOfCall({ procedure }: CallWish): string {
  return `CALL ${procedure}`;
}
