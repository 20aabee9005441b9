import http from 'node:http';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './load';

export interface StreamMeasured {
  readonly bytes: number;
  readonly seconds: number;
  /** Most resident memory of the process while it streamed, above that before, in MiB. */
  readonly rssGrowthMiB: number;
  readonly cpuSeconds: number;
}

const WATCH_MS = 50;

/**
 * Reads one stream to its end.
 * @param bytesPerSecond how fast at most; as fast as it comes when not given
 */
export async function readStream(
  pid: number,
  target: Target,
  bytesPerSecond = Infinity,
): Promise<StreamMeasured> {
  const before = figuresOf(pid);
  let most = before.rssMiB;
  const watch = setInterval(() => {
    most = Math.max(most, figuresOf(pid).rssMiB);
  }, WATCH_MS);
  const started = performance.now();
  const answer = await open(target);
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += (chunk as Buffer).length;
    const aheadMs = (bytes / bytesPerSecond) * 1000 - (performance.now() - started);
    if (aheadMs > 1) await sleep(aheadMs);
  }
  clearInterval(watch);
  if (!answer.complete) throw new Error(`${target.url} broke off after ${bytes} bytes`);
  const after = figuresOf(pid);
  return {
    bytes,
    seconds: (performance.now() - started) / 1000,
    rssGrowthMiB: Math.max(most, after.rssMiB) - before.rssMiB,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
  };
}

function open({ url, headers, body }: Target): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json', ...headers },
    });
    request.once('error', reject);
    request.once('response', (answer) => {
      if (answer.statusCode === 200) resolve(answer);
      else reject(new Error(`${url} answered ${String(answer.statusCode)}`));
    });
    request.end(body);
  });
}

/** Clock ticks of /proc/PID/stat are 10 ms on every Linux that Node runs on. */
function figuresOf(pid: number): { rssMiB: number; cpuSeconds: number } {
  const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
  const [, text = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const fields = text.split(' ');
  return {
    rssMiB: (Number(pages) * 4096) / 2 ** 20,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
  };
}
