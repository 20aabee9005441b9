import { randomBytes } from 'node:crypto';

/** Another one for each run: whoever knows the port of a test server still does not get in. */
export function randomPassword(): string {
  return randomBytes(12).toString('hex');
}
