import { types } from 'node:util';

/** Also for errors of another realm, where `instanceof` fails: what Node's core throws in a test is one. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}
