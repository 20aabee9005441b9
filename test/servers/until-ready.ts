import { setTimeout as sleep } from 'node:timers/promises';

interface Living {
  hasExited(): boolean;
  logTail(): string;
}

/** Asks again until the server answers; gives up when it has ended or after a minute. */
export async function untilReady<T>(name: string, ask: () => Promise<T>, server?: Living): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (server?.hasExited()) throw new Error(`${name} has ended: ${server.logTail()}`, { cause: error });
      if (Date.now() > deadline) {
        throw new Error(`${name} does not answer: ${server?.logTail() ?? ''}`, { cause: error });
      }
      await sleep(25);
    }
  }
}
