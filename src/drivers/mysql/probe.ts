import { performance } from 'node:perf_hooks';
import { quoteText } from '../../common/quote/mysql';
import { isProvablyReadOnly } from '../account-power';
import { accountWarnings } from '../account-warnings';
import { collectRows } from '../collect-rows';
import type { Source, TestReport } from '../driver';
import { tlsWarnings } from '../tls';
import type { MysqlConfig } from './config';
import { judgeGrants } from './judge-grants';

const timeoutMs = 10_000;

/** Asks an open session who it is and what it may do. */
export async function probe(
  source: Pick<Source, 'query'>,
  config: MysqlConfig,
  encrypted: boolean,
  signal: AbortSignal,
): Promise<TestReport> {
  const [[version, user] = []] = await collectRows(
    source,
    'select version(), current_user()',
    signal,
    timeoutMs,
  );
  const startedAt = performance.now();
  await collectRows(source, 'select 1', signal, timeoutMs);
  const latencyMs = performance.now() - startedAt;
  const grants = (await collectRows(source, 'show grants', signal, timeoutMs)).map(
    ([line]) => line as string,
  );
  const { account, remedies } = judgeGrants(grants, accountOf(user as string));
  return {
    serverVersion: version as string,
    latencyMs,
    readOnlyAccount: isProvablyReadOnly(account),
    account,
    warnings: [
      ...accountWarnings(account, remedies),
      ...tlsWarnings(config.host, config.tls.mode, encrypted),
    ],
  };
}

/** `user@host`, whose user may hold `@` itself. */
function accountOf(user: string): string {
  const at = user.lastIndexOf('@');
  return `${quoteText(user.slice(0, at))}@${quoteText(user.slice(at + 1))}`;
}
