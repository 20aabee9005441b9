import pino, { stdSerializers, type DestinationStream, type Logger } from 'pino';
import { describeError } from './describe-error';
import { readableLines } from './readable-lines';

/** Names of members that never reach the log, at the top of a line and two levels below. */
const secretMembers = [
  'authorization',
  '"x-api-key"',
  'cookie',
  '"set-cookie"',
  'password',
  'newPassword',
  'currentPassword',
  'passwordHash',
  'secret',
  'token',
  'accessToken',
  'refreshToken',
  'apiKey',
  'key',
  'connectionString',
  'connectionConfig',
  'parameters',
];

export interface ServiceLog {
  readonly log: Logger;
  /** One line a request; made of members that hold no secrets, so it goes without the cost of redaction. */
  readonly access: Logger;
}

export interface LogTarget {
  readonly stream: DestinationStream;
  readonly readable: boolean;
}

/** Lines are written in blocks: one write a request would cost more than most of its work. */
const LOG_BLOCK_BYTES = 8192;
/** No line stays longer than this in memory; what is there is written when the process exits, too. */
const LOG_DELAY_MS = 200;

function standardOutput(): LogTarget {
  if (process.stdout.isTTY) return { stream: process.stdout, readable: true };
  const stream = pino.destination({
    fd: process.stdout.fd,
    sync: false,
    minLength: LOG_BLOCK_BYTES,
    periodicFlush: LOG_DELAY_MS,
  });
  return { stream, readable: false };
}

/** JSON lines, or readable ones on a terminal. */
export function createServiceLog(level: string, target: LogTarget = standardOutput()): ServiceLog {
  const stream = target.readable ? readableLines(target.stream) : target.stream;
  const options = {
    level,
    base: null,
    serializers: { err: describeError, req: stdSerializers.req, res: stdSerializers.res },
  };
  return {
    log: pino(
      {
        ...options,
        redact: {
          paths: secretMembers.flatMap((name) => {
            const below = name.startsWith('"') ? `[${name}]` : `.${name}`;
            return [name.startsWith('"') ? `[${name}]` : name, `*${below}`, `*.*${below}`];
          }),
          censor: '[redacted]',
        },
      },
      stream,
    ),
    access: pino(options, stream),
  };
}
