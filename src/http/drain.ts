import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const LINGER_MS = 250;
const STEP_MS = 25;
/** What is cut may take this long to say so, in milliseconds. */
const LAST_WORDS_MS = 1500;

/**
 * Stops accepting connections and waits until what was accepted is answered. `http.Server.close` would cut idle
 * connections at once, and with them a request that is just on its way; here a connection that is kept alive gets a
 * moment to be told `Connection: close` in its next answer.
 * @param graceMs after this long, what is still running is cut
 * @param beforeCut lets it say so first, for a moment
 */
export async function drain(
  server: Server,
  graceMs: number,
  beforeCut: (() => Promise<void>) | null = null,
): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<'closed'>((resolve) => {
    NetServer.prototype.close.call(server, () => resolve('closed'));
  });
  const started = performance.now();
  const elapsed = (): number => performance.now() - started;
  while (elapsed() < graceMs) {
    if ((await Promise.race([closed, sleep(STEP_MS)])) === 'closed') return;
    if (elapsed() >= Math.min(LINGER_MS, graceMs)) server.closeIdleConnections();
  }
  if (beforeCut) {
    const idle = setInterval(() => server.closeIdleConnections(), STEP_MS);
    await Promise.race([beforeCut(), sleep(LAST_WORDS_MS)]);
    await Promise.race([closed, sleep(LAST_WORDS_MS)]);
    clearInterval(idle);
  }
  server.closeAllConnections();
  await closed;
}
