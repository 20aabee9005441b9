import { Inject, Injectable } from '@nestjs/common';
import { AppError, isAppError } from '../../common/app-error';
import { CONFIG, type Config } from '../../config/config';
import { driverFor } from '../../drivers';
import { isProvablyReadOnly, type AccountPower } from '../../drivers/account-power';
import type {
  ConnectionInput,
  ConnectionType,
  Driver,
  Replication,
  TestReport,
  TestWarning,
} from '../../drivers/driver';
import { connectOptions } from './connect-options';
import {
  judgeServers,
  shown,
  type ServerTestResult,
  type ShownError,
  type TestedServer,
  type Tried,
} from './servers/judge-servers';

const TEST_TIMEOUT_MS = 15_000;

export interface ConnectionTestResult {
  readonly success: boolean;
  readonly serverVersion: string | null;
  readonly latencyMs: number | null;
  /** Whether the account itself cannot write; `null` when that cannot be told. */
  readonly readOnlyAccount: boolean | null;
  /** Whether nothing could be written over this connection, whatever the gate in front of it did; `null`: not known. */
  readonly provablyReadOnly: boolean | null;
  /** What the account could do besides reading; `null` when the server does not tell. */
  readonly account: readonly AccountPower[] | null;
  readonly warnings: readonly TestWarning[];
  readonly error?: ShownError;
  /** What each server answered, where there are several. All must answer, and one alone must take writes. */
  readonly servers?: readonly ServerTestResult[];
}

/** Tries a description of a connection and says what is wrong with it; nothing is saved. */
@Injectable()
export class ConnectionTester {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** @throws AppError only for a description that is not well formed */
  async test(type: ConnectionType, input: ConnectionInput, readOnly: boolean): Promise<ConnectionTestResult> {
    const driver = await driverFor(type);
    const parsed = driver.parseConfig(input);
    const configs = driver.servers?.(parsed) ?? [];
    const signal = AbortSignal.timeout(TEST_TIMEOUT_MS);
    if (configs.length < 2) {
      const tried = await this.try(driver, parsed, readOnly, undefined, signal);
      return tried.error ? failure(tried.error) : success(tried.report);
    }
    const tests = await Promise.all(
      configs.map(async (config): Promise<TestedServer> => {
        const { host, port } = config;
        return { host, port, ...(await this.try(driver, config, readOnly, driver.replication, signal)) };
      }),
    );
    const { error, report, servers } = judgeServers(tests);
    return { ...(error ? failure(error) : success(report)), servers };
  }

  private async try(
    driver: Driver,
    config: unknown,
    readOnly: boolean,
    replication: Replication | undefined,
    signal: AbortSignal,
  ): Promise<Tried> {
    try {
      // One session: a test must not be what exhausts a server.
      const options = { ...connectOptions(this.config, { readOnly, maxConnections: 2 }), keepSessions: 1 };
      const source = await driver.connect(config, options, signal);
      try {
        const report = await source.test(signal);
        const standing = (await replication?.standing(source, signal)) ?? null;
        const lineage = (await replication?.lineage(source, signal)) ?? null;
        return { error: null, report, standing, lineage };
      } finally {
        await source.close(0);
      }
    } catch (error) {
      if (!isAppError(error)) throw error;
      // The deadline of the test is the deadline of the connection here.
      return { error: error.code === 'query.timeout' ? new AppError('connection.timeout') : error };
    }
  }
}

function success(report: TestReport): ConnectionTestResult {
  return { success: true, ...report, provablyReadOnly: isProvablyReadOnly(report.account) };
}

function failure(error: AppError): ConnectionTestResult {
  return {
    success: false,
    serverVersion: null,
    latencyMs: null,
    readOnlyAccount: null,
    provablyReadOnly: null,
    account: null,
    warnings: [],
    error: shown(error),
  };
}
