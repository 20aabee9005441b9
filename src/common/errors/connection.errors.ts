import type { ErrorDefinition } from './definition';

export const connectionErrors = {
  'connection.invalid_config': {
    status: 400,
    title: 'The connection is not well described',
    fault: 'caller',
  },
  'connection.unsupported_type': {
    status: 400,
    title: 'The kind of database is not supported',
    fault: 'caller',
  },
  'connection.driver_missing': { status: 501, title: 'The driver is not installed', fault: 'owner' },
  'connection.none_selected': { status: 400, title: 'No connection is named or active', fault: 'caller' },
  'connection.inactive': { status: 409, title: 'The connection is switched off', fault: 'owner' },
  'connection.address_denied': { status: 403, title: 'The address policy refuses the host', fault: 'caller' },
  'connection.host_not_found': { status: 502, title: 'The host name does not resolve', fault: 'owner' },
  'connection.unreachable': {
    status: 502,
    title: 'The database cannot be reached',
    fault: 'owner',
    retryable: true,
  },
  'connection.refused': {
    status: 502,
    title: 'Nothing listens on that port',
    fault: 'owner',
    retryable: true,
  },
  'connection.timeout': {
    status: 504,
    title: 'The database did not answer in time',
    fault: 'owner',
    retryable: true,
  },
  'connection.tls_failed': { status: 502, title: 'TLS could not be agreed', fault: 'owner' },
  'connection.auth_failed': { status: 502, title: 'The database refuses the account', fault: 'owner' },
  'connection.database_not_found': { status: 502, title: 'The database does not exist', fault: 'owner' },
  'connection.privilege_missing': { status: 502, title: 'The account lacks a privilege', fault: 'owner' },
  'connection.file_unusable': { status: 502, title: 'The database file cannot be used', fault: 'owner' },
  'connection.lost': {
    status: 502,
    title: 'The database connection was lost',
    fault: 'owner',
    retryable: true,
  },
  'connection.too_many': {
    status: 503,
    title: 'The database accepts no more sessions',
    fault: 'load',
    retryable: true,
  },
  'connection.pool_exhausted': {
    status: 503,
    title: 'All sessions are in use',
    fault: 'load',
    retryable: true,
  },
  'connection.circuit_open': {
    status: 503,
    title: 'The database failed repeatedly; waiting',
    fault: 'owner',
    retryable: true,
  },
  'connection.no_primary': {
    status: 503,
    title: 'None of the servers takes writes',
    fault: 'owner',
    retryable: true,
  },
  'connection.several_primaries': {
    status: 503,
    title: 'More than one of the servers takes writes',
    fault: 'owner',
  },
  'connection.key_unknown': { status: 500, title: 'The key that sealed this is not loaded', fault: 'us' },
  'connection.unsealable': { status: 500, title: 'The sealed configuration cannot be opened', fault: 'us' },
} as const satisfies Record<string, ErrorDefinition>;
