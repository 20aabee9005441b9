import { ConfigError } from './config-error';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that is empty counts as not set, as compose files and shells hand over `NAME=`. */
export function readText(env: Environment, name: string): string | null {
  const value = env[name]?.trim();
  return value ? value : null;
}

export function readInteger(
  env: Environment,
  name: string,
  fallback: number,
  min: number,
  max: number,
): number {
  const text = readText(env, name);
  if (text === null) return fallback;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new ConfigError([`${name} must be a whole number from ${min} to ${max}`]);
  }
  return value;
}

export function readBoolean(env: Environment, name: string, fallback: boolean): boolean {
  const text = readText(env, name)?.toLowerCase();
  if (text === undefined) return fallback;
  if (text === 'true' || text === '1' || text === 'yes') return true;
  if (text === 'false' || text === '0' || text === 'no') return false;
  throw new ConfigError([`${name} must be true or false`]);
}

export function readList(env: Environment, name: string): string[] | null {
  const text = readText(env, name);
  if (text === null) return null;
  return text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
}

/** @param schemes without the colon */
export function readUrl(env: Environment, name: string, schemes: readonly string[]): string | null {
  const text = readText(env, name);
  if (text === null) return null;
  // The text itself may hold a password and is not repeated.
  const problem = new ConfigError([`${name} must be a URL that begins with ${schemes[0]}://`]);
  if (!URL.canParse(text) || !schemes.includes(new URL(text).protocol.slice(0, -1))) throw problem;
  return text;
}
