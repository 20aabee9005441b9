import { createHash } from 'node:crypto';
import type { Plan } from '../policies/plan';

/** Two plans with the same digest send the same text. */
export function planDigest({ text }: Pick<Plan, 'text'>): string {
  return createHash('sha256').update(text).digest('hex');
}
