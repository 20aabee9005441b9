import 'reflect-metadata';
import { loadConfig } from './config/config';
import { explainStartFailure } from './explain-start-failure';
import { startService, type RunningService } from './start-service';

const signals = ['SIGTERM', 'SIGINT'] as const;

async function main(): Promise<void> {
  const service = await startService(loadConfig());
  const { log } = service.log;
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception');
    stop(service, 1);
  });
  for (const signal of signals) process.on(signal, () => stop(service, 0));
  announceAdministrator(service);
}

let stopping = false;

/** The second signal does not wait for the first. */
function stop(service: RunningService, exitCode: number): void {
  if (stopping) process.exit(1);
  stopping = true;
  service.log.log.info('stopping: answering what was accepted');
  service.close().then(
    () => process.exit(exitCode),
    (error: unknown) => {
      service.log.log.fatal({ err: error }, 'could not stop cleanly');
      process.exit(1);
    },
  );
}

/** Straight to the terminal and not through the log, which is kept and shipped elsewhere. */
function announceAdministrator({ administrator }: RunningService): void {
  if (!administrator?.password) return;
  const { username, password } = administrator;
  process.stdout.write(
    `\n  Administrator created.  username: ${username}  password: ${password}\n  It is shown this once.\n\n`,
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${explainStartFailure(error)}\n`);
  process.exit(1);
});
