import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

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
      if (message instanceof Error) this.target[level]({ err: message, context }, message.message);
      else if (typeof message === 'object' && message !== null)
        this.target[level]({ ...message, context }, text);
      else this.target[level]({ context, ...(text && { stack: text }) }, String(message));
    };
  }
}
