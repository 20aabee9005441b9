import { performance } from 'node:perf_hooks';
import { isProvablyReadOnly } from '../account-power';
import { accountWarnings } from '../account-warnings';
import { collectRows } from '../collect-rows';
import type { Source, TestReport } from '../driver';
import { tlsWarnings } from '../tls';
import { accountRightsQuery } from './account-rights';
import type { PostgresConfig } from './config';
import { judgeAccount } from './judge-account';

const timeoutMs = 10_000;

/** Asks an open session who it is and what it may do. */
export async function probe(
  source: Pick<Source, 'query'>,
  config: PostgresConfig,
  encrypted: boolean,
  signal: AbortSignal,
): Promise<TestReport> {
  const [[version] = []] = await collectRows(
    source,
    "select current_setting('server_version')",
    signal,
    timeoutMs,
  );
  const startedAt = performance.now();
  await collectRows(source, 'select 1', signal, timeoutMs);
  const latencyMs = performance.now() - startedAt;
  const rights = await collectRows(source, accountRightsQuery, signal, timeoutMs);
  const account = judgeAccount(rights);
  const remedies = rights.flatMap(([, , remedy]) => (remedy === null ? [] : [remedy as string]));
  return {
    serverVersion: version as string,
    latencyMs,
    readOnlyAccount: isProvablyReadOnly(account),
    account,
    warnings: [
      ...accountWarnings(account, [...new Set(remedies)]),
      ...tlsWarnings(config.host, config.tls.mode, encrypted),
    ],
  };
}
