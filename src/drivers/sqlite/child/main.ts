/**
 * A process that holds one SQLite database: a running statement blocks it and not the service, and killing it is the
 * one way to stop a statement for sure. It has no environment and no descriptors but its channel.
 */
import { Worker } from 'node:worker_threads';
import type { Began, Reply, Request } from '../protocol';
import { maxResidentBytes, memorySignal } from '../memory-limit';
import { failureOf, Session } from './serve';

// A statement may keep the loop busy while the parent dies, or take all the memory there is: a thread of its own notices.
const watch = `
  setInterval(() => { if (process.ppid !== ${process.ppid}) process.kill(process.pid, 'SIGKILL'); }, 1000);
  setInterval(() => {
    if (process.memoryUsage.rss() > ${maxResidentBytes}) process.kill(process.pid, '${memorySignal}');
  }, 20);`;
new Worker(watch, {
  eval: true,
  execArgv: [],
  env: {},
  resourceLimits: { maxOldGenerationSizeMb: 8 },
}).unref();

// Ctrl-C reaches the whole group of processes: the service drains, and then closes its channel to us
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(0));

const session = new Session();
process.on('message', (request: Request) => {
  if (request.op === 'query') process.send?.({ began: true } satisfies Began);
  let reply: Reply;
  try {
    reply = { ok: true, value: session.answer(request) };
  } catch (error) {
    reply = { ok: false, failure: failureOf(error, request.op) };
  }
  process.send?.(reply);
});
