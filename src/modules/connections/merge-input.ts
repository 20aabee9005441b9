import { AppError } from '../../common/app-error';
import type { ConnectionInput } from '../../drivers/driver';

const members = [
  'host',
  'port',
  'database',
  'username',
  'password',
  'ssl',
  'connectionString',
  'replicas',
  'options',
] as const satisfies readonly (keyof ConnectionInput)[];

/** The members of a body that describe the target; those that were not sent are not there. */
export function targetOf(body: ConnectionInput): ConnectionInput {
  return Object.fromEntries(members.filter((name) => body[name] != null).map((name) => [name, body[name]]));
}

/**
 * A saved target with what a PATCH sends. A connection string replaces everything; single members cannot be mixed
 * into a saved string, because what the result would mean is anybody's guess.
 * @throws AppError `connection.invalid_config`
 */
export function mergeTarget(saved: ConnectionInput, patch: ConnectionInput): ConnectionInput {
  if (patch.connectionString !== undefined) return patch;
  const changed = Object.keys(patch);
  if (saved.connectionString !== undefined && changed.some((name) => name !== 'options')) {
    throw new AppError('connection.invalid_config', 'It was saved as a connection string: send a new one', {
      errors: changed.map((name) => ({
        path: `/${name}`,
        message: 'cannot be changed apart from the connection string',
      })),
    });
  }
  return { ...saved, ...patch };
}

/**
 * Whether a change would send the saved password to another server, or under weaker TLS: who edits a connection must
 * not be able to have it hand over a password they do not know.
 */
export function needsPassword(
  saved: ConnectionInput,
  merged: ConnectionInput,
  patch: ConnectionInput,
): boolean {
  if (patch.password !== undefined || patch.connectionString !== undefined || saved.password === undefined)
    return false;
  return (
    saved.host !== merged.host ||
    saved.port !== merged.port ||
    JSON.stringify(saved.replicas ?? []) !== JSON.stringify(merged.replicas ?? []) ||
    JSON.stringify(saved.ssl) !== JSON.stringify(merged.ssl)
  );
}
