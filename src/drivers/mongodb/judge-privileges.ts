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

const superRoles = new Set([
  'root',
  '__system',
  'dbOwner',
  'userAdmin',
  'userAdminAnyDatabase',
  'dbAdminAnyDatabase',
]);

export interface AccountJudgement {
  /** `null` when the server does not say. */
  readonly readOnly: boolean | null;
  readonly superuser: boolean;
}

interface Privilege {
  readonly resource?: { readonly db?: string; readonly collection?: string };
  readonly actions?: readonly string[];
}

/** What the reply of `connectionStatus` with `showPrivileges` says about an account. */
export function judgePrivileges(reply: unknown): AccountJudgement {
  const info = (reply as { authInfo?: Record<string, unknown> } | null)?.authInfo;
  const privileges = info?.['authenticatedUserPrivileges'] as readonly Privilege[] | undefined;
  const users = info?.['authenticatedUsers'] as readonly unknown[] | undefined;
  const roles = (info?.['authenticatedUserRoles'] as readonly { role?: string }[] | undefined) ?? [];
  if (!info || !privileges) return { readOnly: null, superuser: false };
  // nobody is logged in, and the server talks to us all the same: it does not check at all
  if (!users || users.length === 0) return { readOnly: false, superuser: true };
  const writing = privileges.some(
    // every account may change its own sessions and system collections of the cluster are not data
    ({ actions = [] }) => actions.some((action) => !readingActions.has(action)),
  );
  return { readOnly: !writing, superuser: roles.some(({ role = '' }) => superRoles.has(role)) };
}
