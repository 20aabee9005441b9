import type { AccountPower, AccountPowerCode } from '../account-power';
import { nameSome } from '../name-some';

/** Actions that only read (manual: Privilege Actions); everything else counts as writing or administering. */
const readingActions = new Set([
  'changeStream',
  'collStats',
  'connPoolStats',
  'dbHash',
  'dbStats',
  'find',
  'getCmdLineOpts',
  'getDefaultRWConcern',
  'getLog',
  'getParameter',
  'getShardMap',
  'hostInfo',
  'indexStats',
  'inprog',
  'killCursors',
  'listCachedAndActiveUsers',
  'listCollections',
  'listDatabases',
  'listIndexes',
  'listSearchIndexes',
  'listSessions',
  'listShards',
  'netstat',
  'planCacheRead',
  'replSetGetConfig',
  'replSetGetStatus',
  'serverStatus',
  'shardingState',
  'top',
  'useUUID',
  'validate',
  'viewRole',
  'viewUser',
]);

/** What actions mean; one that is not listed governs the server or comes with a version that is not known here. */
const powers: Readonly<Record<string, AccountPowerCode>> = {
  ...powersOf('write_tables', 'insert update remove bypassDocumentValidation'),
  ...powersOf(
    'create_objects',
    'collMod compact convertToCapped createCollection createIndex createSearchIndexes dropCollection dropDatabase ' +
      'dropIndex dropSearchIndex enableProfiler planCacheIndexFilter planCacheWrite reIndex ' +
      'renameCollectionSameDB storageDetails updateSearchIndex',
  ),
  ...powersOf(
    'govern_accounts',
    'changeAnyPassword changeAnyCustomData changeCustomData changeOwnCustomData changeOwnPassword changePassword ' +
      'createRole createUser dropRole dropUser grantRole revokeRole setAuthenticationRestriction',
  ),
  ...powersOf('superuser', 'anyAction internal applyOps impersonate'),
};

function powersOf(code: AccountPowerCode, actions: string): Record<string, AccountPowerCode> {
  return Object.fromEntries(actions.split(' ').map((action) => [action, code]));
}

const superRoles = new Set([
  'root',
  '__system',
  'dbOwner',
  'userAdmin',
  'userAdminAnyDatabase',
  'dbAdminAnyDatabase',
]);

interface Privilege {
  readonly resource?: { readonly db?: string; readonly collection?: string };
  readonly actions?: readonly string[];
}

/**
 * What the reply of `connectionStatus` with `showPrivileges` says an account could do besides reading; `null` when the
 * server does not say.
 */
export function judgePrivileges(reply: unknown): AccountPower[] | null {
  const info = (reply as { authInfo?: Record<string, unknown> } | null)?.authInfo;
  const privileges = info?.['authenticatedUserPrivileges'] as readonly Privilege[] | undefined;
  const users = info?.['authenticatedUsers'] as readonly unknown[] | undefined;
  const roles = (info?.['authenticatedUserRoles'] as readonly { role?: string }[] | undefined) ?? [];
  if (!info || !privileges) return null;
  if (!users || users.length === 0)
    return [{ code: 'superuser', detail: 'Nobody is logged in: the server lets everybody do everything.' }];
  const found = new Map<AccountPowerCode, Set<string>>();
  const note = (code: AccountPowerCode, what: string): void => {
    found.set(code, (found.get(code) ?? new Set()).add(what));
  };
  for (const { role = '' } of roles) if (superRoles.has(role)) note('superuser', `the role ${role}`);
  for (const { resource, actions = [] } of privileges) {
    const on =
      resource?.db === undefined ? 'the cluster' : resource.db === '' ? 'every database' : resource.db;
    for (const action of actions) {
      if (!readingActions.has(action)) note(powers[action] ?? 'administer_server', `${action} on ${on}`);
    }
  }
  return [...found].map(([code, what]) => ({ code, detail: `It has ${nameSome([...what])}.` }));
}
