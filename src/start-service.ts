import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module';
import { Lifecycle } from './common/lifecycle';
import { Metrics } from './common/metrics';
import type { Config } from './config/config';
import { startSystemDatabase, type SystemDatabase } from './database/system-database';
import { drain } from './http/drain';
import { createHttpShell } from './http/http-adapter';
import { NestLog } from './http/nest-log';
import { buildOpenApi, serveOpenApi } from './http/open-api';
import { addRequestHooks } from './http/request-hooks';
import { RequestValidationPipe } from './http/request-validation.pipe';
import { securityHeaders } from './http/security-headers';
import { createServiceLog, type LogTarget, type ServiceLog } from './http/service-log';
import { FirstAdministrator, type NewAdministrator } from './modules/auth/first-administrator';

export interface RunningService {
  readonly app: NestFastifyApplication;
  /** `http://host:port`, with the port that was really taken. */
  readonly url: string;
  readonly log: ServiceLog;
  /** The administrator that this start created, `null` when there were users already. */
  readonly administrator: NewAdministrator | null;
  /** Answers what was accepted, then stops everything; may be called again. */
  close(): Promise<void>;
}

export interface StartOptions {
  readonly log?: LogTarget;
}

/** Starts the system database, then the service on it; resolves when requests are taken. */
export async function startService(config: Config, options: StartOptions = {}): Promise<RunningService> {
  const log = createServiceLog(config.logLevel, options.log);
  const database = await startSystemDatabase(config);
  let app: NestFastifyApplication | null = null;
  try {
    app = await createApp(config, database, log);
    await app.listen(config.port, config.host);
  } catch (error) {
    await app?.close().catch(() => undefined);
    await database.stop();
    throw error;
  }
  const running = app;
  const url = addressOf(running, config.host);
  log.log.info(`Sluice is ready: ${url}/docs`);
  const stop = async (): Promise<void> => {
    const lifecycle = running.get(Lifecycle);
    lifecycle.stop();
    await drain(running.getHttpServer(), config.shutdownGraceMs, lifecycle.beforeCut);
    await running.close();
    await database.stop();
  };
  let stopping: Promise<void> | null = null;
  return {
    app: running,
    url,
    log,
    administrator: running.get(FirstAdministrator).created,
    close: () => (stopping ??= stop()),
  };
}

async function createApp(
  config: Config,
  database: SystemDatabase,
  log: ServiceLog,
): Promise<NestFastifyApplication> {
  const { adapter, filter } = createHttpShell(config, log.log);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(config, database), adapter, {
    logger: new NestLog(log.log),
    abortOnError: false,
    bodyParser: false,
  });
  addRequestHooks(adapter.getInstance(), {
    headers: await securityHeaders(),
    lifecycle: app.get(Lifecycle),
    metrics: app.get(Metrics),
    access: log.access,
  });
  app.setGlobalPrefix('api', { exclude: ['metrics'] });
  app.useGlobalPipes(new RequestValidationPipe());
  app.useGlobalFilters(filter);
  serveOpenApi(app, buildOpenApi(app));
  return app;
}

function addressOf(app: NestFastifyApplication, host: string): string {
  const address = app.getHttpServer().address();
  if (!address || typeof address === 'string') throw new Error('the service listens at no port');
  const name = host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${address.port}`;
}
