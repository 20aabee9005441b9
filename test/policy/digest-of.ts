import { createHash } from 'node:crypto';

/** A line for each part of a server's state, so that a difference says what has changed. */
export function digestOf(parts: readonly (readonly [name: string, content: string])[]): string {
  return parts
    .map(([name, content]) => `${createHash('sha256').update(content).digest('hex').slice(0, 16)} ${name}`)
    .join('\n');
}
