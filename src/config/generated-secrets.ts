import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './config-error';
import { parseEncryptionKeys, type EncryptionKey } from './encryption-keys';
import { parseSigningSeed } from './signing-seed';

export interface GeneratedSecrets {
  readonly encryptionKeys: readonly EncryptionKey[];
  readonly jwtSecret: Buffer;
  readonly databasePassword: string;
}

interface SecretsFile {
  readonly encryptionKeys: string;
  readonly jwtSecret: string;
  readonly databasePassword: string;
}

/**
 * The secrets of `dataDir`, made at first use. Two processes that start at once end up with the same ones: the file
 * is written aside and put in place by a link, which fails where somebody was faster.
 */
export function loadGeneratedSecrets(dataDir: string): GeneratedSecrets {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'secrets.json');
  const content = readSecrets(file) ?? createSecrets(file);
  try {
    return {
      encryptionKeys: parseEncryptionKeys(content.encryptionKeys),
      jwtSecret: Buffer.from(content.jwtSecret, 'base64'),
      databasePassword: content.databasePassword,
    };
  } catch {
    throw new ConfigError([
      'secrets.json in DATA_DIR is damaged: restore it, what it sealed cannot be read without it',
    ]);
  }
}

/** The signing key of the record in a file of its own, made at first use like the other secrets. */
export function loadGeneratedSigningSeed(dataDir: string): Buffer {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'audit-signing.key');
  const text = readIfThere(file) ?? putInPlace(file, `${randomBytes(32).toString('base64')}\n`);
  chmodSync(file, 0o600);
  try {
    return parseSigningSeed(text.trim());
  } catch {
    throw new ConfigError([
      'audit-signing.key in DATA_DIR is damaged: restore it, it signed the roots there are',
    ]);
  }
}

function readSecrets(file: string): SecretsFile | null {
  const text = readIfThere(file);
  if (text === null) return null;
  chmodSync(file, 0o600);
  try {
    return JSON.parse(text) as SecretsFile;
  } catch {
    throw new ConfigError([
      'secrets.json in DATA_DIR is damaged: restore it, what it sealed cannot be read without it',
    ]);
  }
}

function createSecrets(file: string): SecretsFile {
  const secrets: SecretsFile = {
    encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
    jwtSecret: randomBytes(48).toString('base64'),
    databasePassword: randomBytes(24).toString('base64url'),
  };
  putInPlace(file, `${JSON.stringify(secrets, null, 2)}\n`);
  return readSecrets(file) ?? secrets;
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @returns what lies there in the end: our text, or that of whoever was faster */
function putInPlace(file: string, text: string): string {
  const aside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(aside, text, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(aside, file);
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readIfThere(file) ?? text;
  } finally {
    rmSync(aside, { force: true });
  }
}
