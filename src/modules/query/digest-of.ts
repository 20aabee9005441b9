import { hash } from 'node:crypto';

/** SHA-256, base64. */
export function digestOf(data: Uint8Array): string {
  return hash('sha256', data, 'base64');
}
