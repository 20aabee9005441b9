import { Injectable } from '@nestjs/common';
import { isAppError } from '../../../common/app-error';
import type { ErrorCode } from '../../../common/errors/catalog';
import type { Principal } from '../../../common/principal';
import { fullName } from '../../../common/relation-description';
import { signatureOf } from '../../../drivers/choose-overload';
import type { ProcedureDescription, ProcedureParameter } from '../../../drivers/procedure';
import { ConnectionAccess, type AccessibleConnection } from '../../connections/connection-access';
import { Sources } from '../../connections/sources.provider';
import { qualifiedName } from './decide-call';
import { ProcedureGate } from './procedure-gate';

const LOAD_TIMEOUT_MS = 30_000;

export interface ProcedureView {
  /** `schema.name`, as it is called. */
  readonly procedure: string;
  readonly kind: ProcedureDescription['kind'];
  readonly signature: string;
  readonly parameters: readonly Pick<ProcedureParameter, 'name' | 'mode' | 'type' | 'optional'>[];
  readonly returns: string | null;
  readonly returnsSet: boolean;
  /** It runs with the rights of its owner. */
  readonly definerRights: boolean;
  /** What the permission says that it reads; `null`: nothing is said. */
  readonly reads: readonly string[] | null;
  readonly writes: readonly string[] | null;
  /** Why it would be refused now; `null`: it may be called. */
  readonly refusal: { readonly code: ErrorCode; readonly detail: string } | null;
}

/** What somebody may call, as the database has it now. */
@Injectable()
export class ProcedureCatalog {
  constructor(
    private readonly access: ConnectionAccess,
    private readonly sources: Sources,
    private readonly gate: ProcedureGate,
  ) {}

  /** @throws AppError as `ConnectionAccess.require`, and of the driver */
  async list(principal: Principal, connectionId?: string): Promise<ProcedureView[]> {
    const accessible = await this.access.require(principal, connectionId);
    const { procedures: listed, canQuery } = accessible.permission;
    if (!canQuery) return [];
    const found = await this.describe(accessible);
    const refusals = new Map<string, Promise<ProcedureView['refusal']>>();
    return Promise.all(
      found.map(async (one) => {
        const procedure = fullName(one);
        const declared = listed?.find((listing) => listing.procedure === procedure);
        let refusal = refusals.get(procedure);
        if (!refusal) refusals.set(procedure, (refusal = this.refusalOf(principal, accessible, procedure)));
        return viewOf(one, procedure, declared ?? null, await refusal);
      }),
    );
  }

  private async describe({ connection, permission }: AccessibleConnection): Promise<ProcedureDescription[]> {
    const names = permission.procedures?.map(({ procedure }) => qualifiedName(procedure)) ?? null;
    const signal = AbortSignal.timeout(LOAD_TIMEOUT_MS);
    return this.sources.use(connection, signal, (source) => source.procedures(names, signal));
  }

  private async refusalOf(
    principal: Principal,
    accessible: AccessibleConnection,
    procedure: string,
  ): Promise<ProcedureView['refusal']> {
    try {
      await this.gate.judge(principal, accessible, { procedure, arguments: [] }, false);
      return null;
    } catch (error) {
      if (!isAppError(error)) throw error;
      return { code: error.code, detail: error.message };
    }
  }
}

function viewOf(
  one: ProcedureDescription,
  procedure: string,
  declared: { readonly reads: readonly string[]; readonly writes: readonly string[] } | null,
  refusal: ProcedureView['refusal'],
): ProcedureView {
  return {
    procedure,
    kind: one.kind,
    signature: signatureOf(one),
    parameters: one.parameters.map(({ name, mode, type, optional }) => ({ name, mode, type, optional })),
    returns: one.returns,
    returnsSet: one.returnsSet,
    definerRights: one.definerRights,
    reads: declared?.reads ?? null,
    writes: declared?.writes ?? null,
    refusal,
  };
}
