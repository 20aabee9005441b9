import pino, { stdSerializers, type DestinationStream, type Logger } from 'pino';
import { describeError } from './describe-error';
import { LineOutput } from './line-output';
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

/** Last lines are written when the process exits, however it comes to that. */
function standardOutput(): LogTarget {
  if (process.stdout.isTTY) return { stream: process.stdout, readable: true };
  const stream = new LineOutput(process.stdout.fd);
  process.on('exit', () => stream.flushSync());
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
