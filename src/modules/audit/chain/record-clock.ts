let lastUs = 0;

/**
 * Microseconds since 1970, each later than the one before it in this process. A clock that is set back makes times
 * stand still until it has caught up; it never makes a later record look like an earlier one.
 */
export function nextTimeUs(nowMs: number = Date.now()): number {
  lastUs = Math.max(nowMs * 1000, lastUs + 1);
  return lastUs;
}

/** `2026-11-20T12:00:00.123456Z` */
export function formatTimeUs(us: number): string {
  const ms = Math.floor(us / 1000);
  const text = new Date(ms).toISOString();
  return `${text.slice(0, -1)}${String(us - ms * 1000).padStart(3, '0')}Z`;
}
