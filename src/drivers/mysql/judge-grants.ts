import type { AccountPower, AccountPowerCode } from '../account-power';
import { nameSome } from '../name-some';

/** Privileges with which an account only reads (MySQL manual, "Privileges Provided by MySQL"); all others write or govern. */
const readingPrivileges: ReadonlySet<string> = new Set([
  'USAGE',
  'SELECT',
  'SHOW VIEW',
  'SHOW DATABASES',
  'SHOW CREATE ROUTINE',
  'PROCESS',
  'REPLICATION CLIENT',
  'BINLOG MONITOR',
  'SLAVE MONITOR',
  'REPLICA MONITOR',
]);

/** What the privileges mean; one that is not listed governs the server or comes with a version that is not known here. */
const powers: Readonly<Record<string, AccountPowerCode>> = {
  'ALL PRIVILEGES': 'superuser',
  SUPER: 'superuser',
  PROXY: 'superuser',
  'GRANT OPTION': 'govern_accounts',
  'CREATE USER': 'govern_accounts',
  'CREATE ROLE': 'govern_accounts',
  'DROP ROLE': 'govern_accounts',
  'SET USER': 'govern_accounts',
  SET_USER_ID: 'govern_accounts',
  SET_ANY_DEFINER: 'govern_accounts',
  ROLE_ADMIN: 'govern_accounts',
  INSERT: 'write_tables',
  UPDATE: 'write_tables',
  DELETE: 'write_tables',
  'DELETE HISTORY': 'write_tables',
  DELETE_HISTORY: 'write_tables',
  CREATE: 'create_objects',
  ALTER: 'create_objects',
  DROP: 'create_objects',
  INDEX: 'create_objects',
  REFERENCES: 'create_objects',
  TRIGGER: 'create_objects',
  EVENT: 'create_objects',
  'CREATE VIEW': 'create_objects',
  'CREATE ROUTINE': 'create_objects',
  'ALTER ROUTINE': 'create_objects',
  'CREATE TEMPORARY TABLES': 'temporary_objects',
  // a routine runs with the rights of its definer unless it says otherwise
  EXECUTE: 'definer_programs',
  FILE: 'server_files',
  'LOCK TABLES': 'lock_tables',
};

export interface AccountJudgement {
  readonly account: readonly AccountPower[];
  /** Statements that take the rights away, as far as they can be told. */
  readonly remedies: readonly string[];
}

/** What the lines of SHOW GRANTS say about an account; whatever is not understood counts against it. */
export function judgeGrants(lines: readonly string[], account: string): AccountJudgement {
  const found = new Map<AccountPowerCode, Set<string>>();
  const note = (code: AccountPowerCode, what: string): void => {
    found.set(code, (found.get(code) ?? new Set()).add(what));
  };
  const remedies: string[] = [];
  for (const line of lines) {
    const grant = parseGrant(line);
    if (grant === null) {
      // MySQL lists grants of roles as `r`@`%`, MariaDB as `r`
      const role = /^GRANT ([`'"].+?) TO /.exec(line)?.[1];
      note('unknown_rights', role === undefined ? 'a grant that is not understood' : `the role ${role}`);
      continue;
    }
    if (grant.privileges.length === 0) continue;
    for (const privilege of grant.privileges) {
      note(powers[privilege] ?? 'administer_server', `${privilege} on ${grant.on}`);
    }
    const from = grant.toPublic ? 'PUBLIC' : account;
    remedies.push(`REVOKE ${grant.privileges.join(', ')} ON ${grant.on} FROM ${from};`);
  }
  return {
    account: [...found].map(([code, what]) => ({ code, detail: `It has ${nameSome([...what])}.` })),
    remedies,
  };
}

interface Grant {
  /** Those that are more than reading. */
  readonly privileges: readonly string[];
  readonly on: string;
  readonly toPublic: boolean;
}

function parseGrant(line: string): Grant | null {
  // REVOKE lines are partial revokes of MySQL: they only take away
  if (line.startsWith('REVOKE ')) return { privileges: [], on: '', toPublic: false };
  const match =
    /^GRANT (?<list>[A-Z](?:`(?:[^`]|``)*`|[^`])*?) ON (?<on>(?:[A-Z]+(?: [A-Z]+)* )?(?:(?:`(?:[^`]|``)*`|\*)\.?(?:`(?:[^`]|``)*`|\*)?|''@'.*?'|`.*?`@`.*?`)) TO (?<to>.+)$/.exec(
      line,
    );
  if (!match?.groups) return null;
  // columns in brackets say what of a table; the privilege is what counts
  const list = match.groups['list']!.replace(/\s*\((?:`(?:[^`]|``)*`|[^)`])*\)/g, '');
  const privileges = list.split(/,\s*/).filter((name) => !readingPrivileges.has(name));
  if (/ WITH (?:.* )?GRANT OPTION/.test(match.groups['to']!)) privileges.push('GRANT OPTION');
  return { privileges, on: match.groups['on']!, toPublic: match.groups['to']!.startsWith('PUBLIC') };
}
