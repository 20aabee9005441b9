import { groupBy } from '../../common/group-by';
import type { AccountPower, AccountPowerCode } from '../account-power';
import { nameSome } from '../name-some';

/** What each power means here; the objects stand behind it. */
const sentences: Partial<Record<AccountPowerCode, string>> = {
  superuser: 'It is a superuser, or may become one',
  govern_accounts: 'It may create roles',
  create_databases: 'It may create databases',
  administer_server: 'It may govern sessions, replication or maintenance',
  bypass_row_security: 'It sees rows that row security hides from others',
  create_objects: 'It may create objects in',
  temporary_objects: 'It may create temporary tables in',
  write_tables: 'It may write',
  use_sequences: 'It may advance sequences',
  own_objects: 'It owns',
  definer_programs: 'It may execute functions with the rights of their owner',
  untrusted_programs: 'It may execute functions in languages that the server does not restrict',
  writing_functions: 'It may write by built-in functions or into large objects',
  server_files: "It may write the server's files or start programs there",
  read_server_files: "It may read the server's files",
  foreign_servers: 'It may use foreign servers',
};

/** Powers out of the rows of the query for rights. */
export function judgeAccount(rows: readonly (readonly unknown[])[]): AccountPower[] {
  return [...groupBy(rows, ([power]) => power as AccountPowerCode)].map(([code, found]) => ({
    code,
    detail: `${sentences[code] ?? 'It has rights on'}: ${nameSome(found.map(([, object]) => object as string))}.`,
  }));
}
