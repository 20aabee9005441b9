import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceProcess } from './service-process';
import { openStream } from './stream-request';

export interface Growth {
  readonly bytes: number;
  /** Most resident memory of the service while the stream was read, above that before, in bytes. */
  readonly most: number;
}

/**
 * Reads a stream to its end, or for as long as it may.
 * @param bytesPerSecond as fast as it comes when not given
 */
export async function measureGrowth(
  service: ServiceProcess,
  request: { connectionId: string; query: string; format: string },
  bytesPerSecond = Infinity,
  forMs = Infinity,
): Promise<Growth> {
  const before = service.rss();
  let [bytes, most] = [0, 0];
  const started = performance.now();
  const answer = await openStream(service, { ...request, token: service.token });
  for await (const chunk of answer) {
    bytes += (chunk as Buffer).length;
    most = Math.max(most, service.rss() - before);
    const elapsed = performance.now() - started;
    if (elapsed > forMs) break;
    const aheadMs = (bytes / bytesPerSecond) * 1000 - elapsed;
    if (aheadMs > 1) await sleep(aheadMs);
  }
  return { bytes, most };
}
