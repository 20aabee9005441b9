import type { ServerFigures } from '../../../drivers/driver';
import type { HealthFigures } from '../connection-health';

/** The health of a connection, in which a server that is missing counts: what is left works, but not all of it. */
export function judgeState(
  health: HealthFigures | null,
  servers: readonly ServerFigures[] | null,
): HealthFigures | null {
  if (health?.state !== 'up' || !servers) return health;
  const up = servers.filter(({ state }) => state === 'up');
  const rival = up.find(({ role }) => role === 'disputed');
  if (rival) return { state: 'degraded', since: rival.since, code: 'connection.several_primaries' };
  const down = servers.find(({ state }) => state === 'down');
  if (!up.some(({ role }) => role === 'primary'))
    return { state: 'degraded', since: down?.since ?? health.since, code: 'connection.no_primary' };
  return down ? { state: 'degraded', since: down.since, code: down.code } : health;
}
