import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, type Repository } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { PageQuery } from '../../common/page-query.dto';
import type { Page } from '../../common/pagination';
import type { Caller, Principal } from '../../common/principal';
import { pageNewestFirst } from '../../database/page-newest-first';
import { ConnectionAccess } from '../connections/connection-access';
import { searchPathOf } from '../connections/connection-record';
import { decideStatement } from '../permissions/decide-statement';
import type { SealedColumn } from '../sealing/sealed-column';
import { Vault } from '../sealing/vault';
import { SettingsService } from '../settings/settings.service';
import type { StatementFacts } from '../../sql/facts';
import { encodeResult } from './query-result';
import { QueryService } from './query.service';
import { SavedQueriesService } from './saved-queries.service';
import { SavedResult } from './saved-result.entity';
import { StatementGate } from './statement-gate';

/** A saved result without its rows. */
export type SavedResultView = Pick<
  SavedResult,
  'id' | 'savedQueryId' | 'queryId' | 'createdBy' | 'rowCount' | 'createdAt' | 'expiresAt'
>;

const place: SealedColumn = { table: 'saved_results', column: 'result' };
const DAY_MS = 86_400_000;

/**
 * Results of saved queries kept for those who may look but not ask. They are sealed, end after a time, and are shown
 * only to whom the tables they came from are permitted now.
 */
@Injectable()
export class SavedResultsService {
  constructor(
    @InjectRepository(SavedResult) private readonly results: Repository<SavedResult>,
    private readonly savedQueries: SavedQueriesService,
    private readonly queries: QueryService,
    private readonly access: ConnectionAccess,
    private readonly settings: SettingsService,
    private readonly vault: Vault,
    private readonly gate: StatementGate,
  ) {
    vault.register(place);
  }

  /** Runs the saved query as the caller and keeps the answer. */
  async create(caller: Caller, savedQueryId: string, client: AbortController): Promise<SavedResultView> {
    const saved = await this.savedQueries.get(caller.principal, savedQueryId);
    const { run, head, outcome } = await this.queries.run(
      caller,
      {
        connectionId: saved.connectionId,
        text: saved.statement,
        params: saved.params,
        rowMode: 'object',
        cache: 'bypass',
        onlyReads: true,
      },
      client,
    );
    const id = randomUUID();
    const days = await this.settings.get('saved_result_days');
    await this.results.insert({
      id,
      savedQueryId,
      connectionId: run.connection.id,
      queryId: run.id,
      createdBy: caller.principal.userId,
      rowCount: outcome.count,
      relations: run.facts.relations.map(({ schema, name }) => ({ schema, name })),
      searchPath: [...searchPathOf(run.connection)],
      policyKey: run.policies.key,
      result: this.vault.seal(place, id, encodeResult(head, outcome).toString()),
      expiresAt: new Date(Date.now() + days * DAY_MS),
    });
    return viewOf(await this.results.findOneByOrFail({ id }));
  }

  async list(principal: Principal, savedQueryId: string, page: PageQuery): Promise<Page<SavedResultView>> {
    await this.savedQueries.get(principal, savedQueryId);
    const select = this.results
      .createQueryBuilder('r')
      .where('r.saved_query_id = :savedQueryId AND r.expires_at > now()', { savedQueryId });
    const { items, nextCursor } = await pageNewestFirst(select, page);
    return { items: items.map(viewOf), nextCursor };
  }

  /**
   * The answer as it was given, as JSON text.
   * @throws AppError `resource.not_found`, `permission.table_denied`, `permission.column_denied`
   */
  async read(principal: Principal, id: string): Promise<string> {
    const result = await this.results.findOneBy({ id });
    if (!result || result.expiresAt < new Date()) throw new AppError('resource.not_found');
    await this.savedQueries.get(principal, result.savedQueryId);
    const accessible = await this.access.require(principal, result.connectionId, true);
    const { connection, permission } = accessible;
    if (!connection.dialect) throw new AppError('connection.unsupported_type');
    const denial = decideStatement(
      readingOf(result),
      // Who may not ask may look: that is what results are kept for.
      { ...permission, canQuery: true },
      {
        dialect: connection.dialect,
        readOnly: true,
        searchPath: result.searchPath,
        isAdministrator: principal.role === 'admin',
      },
    );
    if (denial) throw new AppError(denial.code, denial.detail);
    const policies = await this.gate.policiesFor(principal, accessible, readingOf(result));
    if (!policies.isEmpty && policies.key !== result.policyKey) {
      throw new AppError(
        'permission.column_denied',
        'The result was kept under other policies than yours: run the saved query yourself',
      );
    }
    return this.vault.open(place, id, result.result);
  }

  /** @returns how many had expired and are gone */
  async deleteExpired(): Promise<number> {
    const { affected } = await this.results.delete({ expiresAt: LessThan(new Date()) });
    return affected ?? 0;
  }
}

/** Reading the result is reading its tables once more. */
function readingOf({ relations }: SavedResult): StatementFacts {
  return {
    kind: 'saved_result',
    access: 'read',
    relations: relations.map((relation) => ({ ...relation, access: 'read', position: null })),
    functions: [],
    parameterCount: 0,
  };
}

function viewOf(result: SavedResult): SavedResultView {
  const { id, savedQueryId, queryId, createdBy, rowCount, createdAt, expiresAt } = result;
  return { id, savedQueryId, queryId, createdBy, rowCount, createdAt, expiresAt };
}
