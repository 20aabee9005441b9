import type { DestinationStream } from 'pino';

const names: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};

/** Turns pino's JSON lines into `12:34:56 INFO message name=value …`. */
export function readableLines(target: DestinationStream): DestinationStream {
  return {
    write(line) {
      const { level, time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown> & {
        msg?: string;
      };
      const clock = new Date(Number(time)).toTimeString().slice(0, 8);
      const members = Object.entries(rest).map(
        ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
      const text = [clock, names[Number(level)], msg, ...members].filter((part) => part !== undefined);
      const { stack } = (err ?? {}) as { stack?: string };
      target.write(`${text.join(' ')}${stack ? `\n${stack}` : ''}\n`);
    },
  };
}
