import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** What Nest tells about its own start, a hundred lines of it. */
const chatter = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Nest's logger on pino. Nest appends the context as the last argument, and the stack before it on errors. */
export class NestLog implements LoggerService {
  constructor(private readonly target: Logger) {}

  readonly log = this.at('info');
  readonly fatal = this.at('fatal');
  readonly error = this.at('error');
  readonly warn = this.at('warn');
  readonly debug = this.at('debug');
  readonly verbose = this.at('trace');

  private at(level: Level): (message: unknown, ...rest: unknown[]) => void {
    return (message, ...rest) => {
      const texts = rest.filter((part): part is string => typeof part === 'string');
      const context = texts.pop();
      const [text] = texts;
      const to = level === 'info' && chatter.has(context ?? '') ? 'debug' : level;
      if (message instanceof Error) this.target[to]({ err: message, context }, message.message);
      else if (typeof message === 'object' && message !== null)
        this.target[to]({ ...message, context }, text);
      else this.target[to]({ context, ...(text && { stack: text }) }, String(message));
    };
  }
}
