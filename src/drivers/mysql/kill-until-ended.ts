import { settledWithin } from '../settled-within';
import type { MysqlSession } from './session';

const killAgainAfterMs = 200;
export const killedWithinMs = 2_000;

/** Kills until what the session runs has ended, or does not end. */
export async function killUntilEnded(session: MysqlSession, ended: Promise<void>): Promise<void> {
  const deadline = Date.now() + killedWithinMs;
  try {
    do {
      await session.kill();
      // A server that cannot send does not look whether it is to stop.
      session.resume();
    } while ((await settledWithin(ended, killAgainAfterMs)) === 'pending' && Date.now() < deadline);
  } catch {
    // the server takes no order: closing the socket is all that is left
  }
}
