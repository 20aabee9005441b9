import { settledWithin } from '../settled-within';
import type { Flight } from './flight';
import type { PostgresSession } from './session';

/** How long a statement may go on after its server has confirmed to cancel it. */
export const cancelledWithinMs = 2_000;
/** A cancel that overtook its statement is sent again after this time. */
const cancelAgainAfterMs = 200;

/** Asks until what the session runs has ended, or does not end. */
export async function cancelUntilEnded(
  session: PostgresSession,
  flight: Flight,
  ended: Promise<void>,
): Promise<void> {
  // What is on its way must not keep the process from giving the order to stop.
  flight.pause();
  try {
    const deadline = Date.now() + cancelledWithinMs;
    do {
      await session.cancel();
      // A server that cannot send does not look whether it is to stop.
      flight.resume();
    } while ((await settledWithin(ended, cancelAgainAfterMs)) === 'pending' && Date.now() < deadline);
  } catch {
    // the server takes no cancel: closing the socket is all that is left
    flight.resume();
  }
}
