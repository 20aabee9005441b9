import { Injectable } from '@nestjs/common';
import { AppError, isAppError } from '../../common/app-error';
import type { Caller, Principal } from '../../common/principal';
import type { ErrorCode } from '../../common/errors/catalog';
import { relationKey } from '../../common/relation-description';
import type { ProtectedRelation } from '../../sql/policy/rewriting';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { UserService } from '../auth/user.service';
import { ConnectionAccess } from '../connections/connection-access';
import type { QueryRequestBody } from './query-request';
import { StatementGate, type Judgement } from './statement-gate';

export interface CheckedRelation extends ProtectedRelation {
  readonly access: 'read' | 'write';
}

/** What would become of a statement; nothing of it is run. */
export interface CheckView {
  readonly allowed: boolean;
  readonly refusal: {
    readonly code: ErrorCode;
    readonly title: string;
    readonly detail: string;
    readonly position: number | null;
    readonly construct: string | null;
  } | null;
  /** `select`, `insert`, … ; `null` for a refused statement. */
  readonly statement: string | null;
  readonly access: 'read' | 'write' | null;
  readonly relations: readonly CheckedRelation[];
  /** What would be sent; only for administrators. */
  readonly rewritten: string | null;
}

/** Answers what a statement would meet: the decision, its relations with their policies, and why it is refused. */
@Injectable()
export class CheckService {
  constructor(
    private readonly access: ConnectionAccess,
    private readonly gate: StatementGate,
    private readonly users: UserService,
    private readonly audit: AuditService,
  ) {}

  /**
   * @param userId somebody else, whom only administrators may ask about
   * @throws AppError `resource.not_found`, `auth.forbidden`
   */
  async check(caller: Caller, request: QueryRequestBody, userId: string | null): Promise<CheckView> {
    const principal = userId === null ? caller.principal : await this.other(caller, userId, request);
    const isAdministrator = caller.principal.role === 'admin';
    try {
      const accessible = await this.access.require(principal, request.connectionId);
      return viewOf(await this.gate.judge(principal, accessible, request), isAdministrator);
    } catch (error) {
      if (!isAppError(error) || error.code === 'resource.not_found') throw error;
      return refused(error);
    }
  }

  private async other(
    caller: Caller,
    userId: string,
    { connectionId }: QueryRequestBody,
  ): Promise<Principal> {
    if (caller.principal.role !== 'admin')
      throw new AppError('auth.forbidden', 'Only an administrator can ask for somebody else');
    const { username, role, attributes } = await this.users.find(userId);
    await this.audit.record({
      ...byCaller(caller),
      action: 'query.check',
      resourceType: 'user',
      resourceId: userId,
      result: 'success',
      details: { connectionId: connectionId ?? null },
    });
    return { userId, username, role, attributes: JSON.stringify(attributes) };
  }
}

function viewOf({ facts, plan }: Judgement, isAdministrator: boolean): CheckView {
  const known = new Map(plan.relations.map((relation) => [relationKey(relation), relation]));
  const named = facts.relations.map(({ schema, name, access }): CheckedRelation => {
    const candidates = [...known.values()].filter(
      (relation) => relation.name === name && (schema === null || relation.schema === schema),
    );
    const found = candidates[0] ?? { schema, name, filtered: false, masks: {}, denied: [] };
    known.delete(relationKey(found));
    return { ...found, access };
  });
  const reached = [...known.values()].map((relation): CheckedRelation => ({ ...relation, access: 'read' }));
  return {
    allowed: true,
    refusal: null,
    statement: facts.kind,
    access: facts.access,
    relations: [...named, ...reached],
    rewritten: isAdministrator ? plan.text : null,
  };
}

function refused({ code, definition, message, extra }: AppError): CheckView {
  return {
    allowed: false,
    refusal: {
      code,
      title: definition.title,
      detail: message,
      position: typeof extra.position === 'number' ? extra.position : null,
      construct: typeof extra.construct === 'string' ? extra.construct : null,
    },
    statement: null,
    access: null,
    relations: [],
    rewritten: null,
  };
}
