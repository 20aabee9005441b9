import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SigningKey } from '../src/modules/ledger/signing-key';
import { makeLedger, randomSeed } from '../test/ledger/make-ledger';

/** `npm run bench:verify`: how long checking a ledger of a million records takes, and what it holds in memory. */
async function main(): Promise<void> {
  const records = Number(process.argv[2] ?? 1_000_000);
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sluice-verify-'));
  try {
    const [file, keyFile] = [path.join(dir, 'ledger.ndjson'), path.join(dir, 'key.pem')];
    const seed = randomSeed();
    writeFileSync(keyFile, new SigningKey(seed).publicPem);
    const lines = makeLedger({ records, chains: 4, perRoot: 5000, tail: 100, seed });
    await pipeline(Readable.from(withNewlines(lines)), createWriteStream(file));
    const sizeMiB = statSync(file).size / 2 ** 20;
    const started = performance.now();
    const main = path.join(__dirname, '..', 'dist', 'modules', 'ledger', 'verify', 'main.js');
    const child = spawn(process.execPath, [main, file, '--key', keyFile], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    let peakMiB = 0;
    const watch = setInterval(() => {
      peakMiB = Math.max(peakMiB, residentMiB(child.pid!));
    }, 100);
    const [code] = (await once(child, 'exit')) as [number];
    clearInterval(watch);
    const seconds = (performance.now() - started) / 1000;
    process.stdout.write(
      `${records} records (${sizeMiB.toFixed(0)} MiB) checked in ${seconds.toFixed(1)} s, ${peakMiB.toFixed(0)} MiB resident at most; Node ${process.version}, ${os.cpus().length} cores\n`,
    );
    process.exitCode = code;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function* withNewlines(lines: Iterable<string>): Generator<string> {
  let text = '';
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length < 1 << 18) continue;
    yield text;
    text = '';
  }
  yield text;
}

function residentMiB(pid: number): number {
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
    return (Number(pages) * 4096) / 2 ** 20;
  } catch {
    return 0;
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
