import { runChaos } from './run-chaos';

/** `npm run chaos [-- --kills=100]`: prints what was killed, what was checked, and what did not hold. */
async function main(): Promise<void> {
  const [, kills] = process.argv.map((argument) => /^--kills=(\d+)$/.exec(argument)).find(Boolean) ?? [];
  const started = performance.now();
  const report = await runChaos({
    kills: Number(kills ?? 120),
    clients: 9,
    everyMs: 2500,
    say: (line) => void process.stdout.write(`${line}\n`),
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  process.stdout.write(
    `\nkilled with SIGKILL in ${seconds} s: ${list(report.kills)}\nanswers: ${list(report.statements)}\n`,
  );
  for (const { name, problems } of report.checks) {
    process.stdout.write(`${problems.length === 0 ? 'holds ' : 'BROKEN'}  ${name}\n`);
    for (const problem of problems.slice(0, 10)) process.stdout.write(`        ${problem}\n`);
  }
  if (report.checks.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
