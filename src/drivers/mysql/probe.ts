import { performance } from 'node:perf_hooks';
import { collectRows } from '../collect-rows';
import type { Source, TestReport, TestWarning } from '../driver';
import { tlsWarnings } from '../tls';
import type { MysqlConfig } from './config';
import { quoteText } from './quote';

const timeoutMs = 10_000;

/** Privileges with which an account only reads (MySQL manual, "Privileges Provided by MySQL"); all others write or govern. */
const readingPrivileges: ReadonlySet<string> = new Set([
  'USAGE',
  'SELECT',
  'SHOW VIEW',
  'SHOW DATABASES',
  'PROCESS',
  'REPLICATION CLIENT',
  'BINLOG MONITOR',
  'SLAVE MONITOR',
]);

interface Grant {
  readonly privileges: readonly string[];
  readonly on: string;
}

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
  const harmful = grants.flatMap((line) => harmfulGrant(line));
  const roles = grants.filter((line) => /^GRANT (?:`|')/.test(line));
  const account = accountOf(user as string);
  const warnings: TestWarning[] = [];
  if (
    harmful.some(({ privileges }) => privileges.some((name) => name === 'ALL PRIVILEGES' || name === 'SUPER'))
  ) {
    warnings.push({
      code: 'account_is_superuser',
      message: 'The account may do everything; use one that can only read.',
      statements: harmful.map((grant) => revocation(grant, account)),
    });
  } else if (harmful.length > 0 || roles.length > 0) {
    warnings.push({
      code: 'account_can_write',
      message:
        harmful.length > 0
          ? 'The account itself may write; use one that can only read.'
          : 'The account has roles, whose rights are not looked into; use one that can only read.',
      statements: harmful.map((grant) => revocation(grant, account)),
    });
  }
  warnings.push(...tlsWarnings(config.host, config.tls.mode, encrypted));
  return {
    serverVersion: version as string,
    latencyMs,
    readOnlyAccount: !warnings.some(({ code }) => code.startsWith('account_')),
    warnings,
  };
}

/** The part of a line of SHOW GRANTS that is more than reading. */
function harmfulGrant(line: string): Grant[] {
  const match =
    /^GRANT (?<list>.+?) ON (?<on>(?:\S+ )?(?:`(?:[^`]|``)*`|\*)\.?(?:`(?:[^`]|``)*`|\*)?) TO /.exec(line);
  if (!match?.groups) return [];
  // columns in brackets say what of a table; the privilege is what counts
  const list = match.groups['list']!.replace(/\s*\([^)]*\)/g, '');
  const privileges = list.split(', ').filter((name) => !readingPrivileges.has(name));
  if (/ WITH GRANT OPTION/.test(line)) privileges.push('GRANT OPTION');
  return privileges.length > 0 ? [{ privileges, on: match.groups['on']! }] : [];
}

function revocation({ privileges, on }: Grant, account: string): string {
  return `REVOKE ${privileges.join(', ')} ON ${on} FROM ${account};`;
}

/** `user@host`, whose user may hold `@` itself. */
function accountOf(user: string): string {
  const at = user.lastIndexOf('@');
  return `${quoteText(user.slice(0, at))}@${quoteText(user.slice(at + 1))}`;
}
