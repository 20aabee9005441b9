import 'reflect-metadata';
import { createPublicKey } from 'node:crypto';
import { loadConfig, type Config } from '../../config/config';
import { reachSystemDatabase } from '../../database/reach-system-database';
import { ledgerLines } from '../ledger/export/ledger-lines';
import { openLedgerSession } from '../ledger/export/ledger-session';
import { SigningKey } from '../ledger/signing-key';
import { describeVerdict } from '../ledger/verify/describe-verdict';
import { LedgerVerifier } from '../ledger/verify/ledger-verifier';
import { restoreBackup } from './restore-backup';

/** `npm run restore -- FILE`: into an empty system database, then a check of the record. The service must not run. */
async function main([file, ...more]: readonly string[]): Promise<void> {
  if (file === undefined || more.length > 0) throw new Error('usage: npm run restore -- FILE');
  const config = loadConfig();
  const database = await reachSystemDatabase(config);
  try {
    const rows = await restoreBackup(file, database.url);
    for (const [table, count] of Object.entries(rows)) process.stdout.write(`${table}: ${count} rows\n`);
    await warnOfMissingKeys(database.url, config);
    await verify(database.url, config);
  } finally {
    await database.stop();
  }
}

/** What was sealed under a key that is not there cannot be opened: better known now than at the first query. */
async function warnOfMissingKeys(url: string, { encryptionKeys }: Config): Promise<void> {
  const client = await openLedgerSession(url);
  try {
    const { rows } = await client.query<{ id: string }>(
      `SELECT DISTINCT connection_config ->> 'keyId' AS id FROM database_connections
       UNION SELECT DISTINCT result ->> 'keyId' FROM saved_results
       UNION SELECT DISTINCT sealed ->> 'keyId' FROM query_jobs`,
    );
    const missing = rows.filter(({ id }) => !encryptionKeys.some((key) => key.id === id));
    for (const { id } of missing)
      process.stdout.write(`ENCRYPTION_KEYS lacks the key ${id}: what it sealed cannot be opened\n`);
  } finally {
    await client.end();
  }
}

async function verify(url: string, { auditSigningSeed }: Config): Promise<void> {
  const started = performance.now();
  const key = new SigningKey(auditSigningSeed);
  const client = await openLedgerSession(url);
  try {
    const verifier = new LedgerVerifier({ keys: new Map([[key.id, createPublicKey(key.publicPem)]]) });
    for await (const text of ledgerLines(client, 0)) {
      for (const line of text.split('\n')) verifier.add(line);
    }
    const verdict = verifier.finish();
    process.stdout.write(describeVerdict(verdict, (performance.now() - started) / 1000));
    if (verdict.problems > 0) process.exitCode = 1;
  } finally {
    await client.end();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
