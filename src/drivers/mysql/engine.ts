import { AppError } from '../../common/app-error';
import type { QueryRequest, Source, TestReport } from '../driver';
import type { CallRequest } from '../procedure';
import { leadingKeyword } from '../leading-keyword';
import type { PooledEngine, RunningCall, RunningStatement } from '../pooled-source';
import { MysqlCall } from './call';
import type { MysqlConfig } from './config';
import { describeProcedures } from './describe-procedures';
import { describeRelations } from './describe-relations';
import { encodeParameter } from './encode-parameter';
import { introspect } from './introspect';
import { probe } from './probe';
import type { MysqlSession } from './session';
import type { MysqlSessions } from './sessions';
import { MysqlStatement } from './statement';

/**
 * How statements may begin. A list of what is allowed, because MariaDB runs whole programs as one statement (`BEGIN NOT
 * ATOMIC`, `IF`, `EXECUTE IMMEDIATE`, `SET STATEMENT … FOR`) and because a procedure may commit: either would leave a
 * read-only transaction and write.
 */
const readKeywords = words('( select with values table show describe desc explain');
const writeKeywords = words(
  'insert update delete replace create alter drop truncate rename call analyze optimize grant revoke',
);

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}

/** One MySQL or MariaDB server behind a pool. */
export class MysqlEngine implements PooledEngine<MysqlSession> {
  readonly procedures = describeProcedures;
  readonly introspect = introspect;
  readonly describe = describeRelations;

  constructor(
    private readonly config: MysqlConfig,
    private readonly encrypted: boolean,
    private readonly sessions: MysqlSessions,
  ) {}

  refuse({ text, access }: QueryRequest): void {
    if (text.includes('\0')) throw new AppError('query.invalid_text', 'The statement holds a zero byte.');
    const keyword = leadingKeyword(text, { nested: false, mysql: true });
    if (readKeywords.has(keyword) || (access === 'write' && writeKeywords.has(keyword))) return;
    if (keyword === '') throw new AppError('query.empty', 'The statement does not begin with a word.');
    const construct = keyword.toUpperCase();
    throw writeKeywords.has(keyword)
      ? new AppError('query.read_only', undefined, { extra: { construct } })
      : new AppError('query.unsupported', `Statements that begin with ${construct} are not run.`, {
          extra: { construct },
        });
  }

  lend(): Promise<MysqlSession> {
    return this.sessions.lend();
  }

  figures(): { open: number; idle: number } {
    return this.sessions.figures;
  }

  async prepare(session: MysqlSession, request: QueryRequest, done: () => void): Promise<RunningStatement> {
    try {
      const values = request.values.map(encodeParameter);
      return new MysqlStatement(session, request, values, done);
    } catch (error) {
      // nothing was sent
      session.release();
      done();
      throw error;
    }
  }

  call(session: MysqlSession, request: CallRequest, done: () => void): RunningCall {
    return new MysqlCall(session, request, done);
  }

  async test(source: Pick<Source, 'query'>, signal: AbortSignal): Promise<TestReport> {
    return probe(source, this.config, this.encrypted, signal);
  }

  async close(): Promise<void> {
    await this.sessions.close();
  }
}
