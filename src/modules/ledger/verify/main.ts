import 'reflect-metadata';
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadConfig, type Config } from '../../../config/config';
import { reachSystemDatabase } from '../../../database/reach-system-database';
import { ledgerLines } from '../export/ledger-lines';
import { openLedgerSession } from '../export/ledger-session';
import { SigningKey } from '../signing-key';
import { describeVerdict } from './describe-verdict';
import type { Verdict } from './finding';
import { readKnownRoots } from './known-roots';
import { LedgerVerifier } from './ledger-verifier';
import { readKeys } from './read-keys';
import { readLines } from '../../../common/read-lines';

const USAGE = `usage: npm run audit:verify                               the system database, with the keys and roots of DATA_DIR
       npm run audit:verify -- FILE --key PEM [--roots FILE]   an export; neither database nor service is asked
  FILE   what GET /api/audit/export answered, also packed (.gz); - is the standard input
  --key  public keys: PEM, or what GET /api/audit/keys answered
  --roots  roots that a sink outside of the database has (AUDIT_ROOTS_FILE)
`;

interface Options {
  readonly key?: string | undefined;
  readonly roots?: string | undefined;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { key: { type: 'string' }, roots: { type: 'string' }, help: { type: 'boolean' } },
  });
  const [file, ...more] = positionals;
  if (values.help || more.length > 0) {
    process.stdout.write(USAGE);
    return;
  }
  const started = performance.now();
  const verdict = file === undefined ? await verifyDatabase(values) : await verifyFile(file, values);
  process.stdout.write(describeVerdict(verdict, (performance.now() - started) / 1000));
  if (verdict.problems > 0) process.exitCode = 1;
}

async function verifyFile(file: string, { key, roots }: Options): Promise<Verdict> {
  if (key === undefined) throw new Error(`a file is checked with a public key\n${USAGE}`);
  const verifier = new LedgerVerifier({
    keys: readKeys(readFileSync(key, 'utf8')),
    ...(roots !== undefined && { knownRoots: await readKnownRoots(roots) }),
  });
  for await (const line of readLines(file)) verifier.add(line);
  return verifier.finish();
}

async function verifyDatabase({ key, roots }: Options): Promise<Verdict> {
  const config = loadConfig();
  const database = await reachSystemDatabase(config);
  try {
    const client = await openLedgerSession(database.url);
    try {
      const verifier = new LedgerVerifier({
        keys: readKeys(key === undefined ? ownKeys(config) : readFileSync(key, 'utf8')),
        ...(await rootsBeside(config, roots)),
      });
      for await (const text of ledgerLines(client, 0)) {
        for (const line of text.split('\n')) if (line !== '') verifier.add(line);
      }
      return verifier.finish();
    } finally {
      await client.end();
    }
  } finally {
    await database.stop();
  }
}

/** Not those in the database: whoever can change records there can change keys. */
function ownKeys({ auditSigningSeed }: Config): string {
  return new SigningKey(auditSigningSeed).publicPem;
}

async function rootsBeside(
  { auditRootsFile }: Config,
  given: string | undefined,
): Promise<{ knownRoots?: ReadonlyMap<number, string> }> {
  const file = given ?? (existsSync(auditRootsFile) ? auditRootsFile : null);
  return file === null ? {} : { knownRoots: await readKnownRoots(file) };
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
