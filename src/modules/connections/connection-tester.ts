import { Inject, Injectable } from '@nestjs/common';
import { AppError, isAppError } from '../../common/app-error';
import { CONFIG, type Config } from '../../config/config';
import { driverFor } from '../../drivers';
import { isProvablyReadOnly, type AccountPower } from '../../drivers/account-power';
import type { ConnectionInput, ConnectionType, TestReport, TestWarning } from '../../drivers/driver';
import { connectOptions } from './connect-options';

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
  readonly error?: { readonly code: string; readonly title: string; readonly detail: string };
}

/** Tries a description of a connection and says what is wrong with it; nothing is saved. */
@Injectable()
export class ConnectionTester {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** @throws AppError only for a description that is not well formed */
  async test(type: ConnectionType, input: ConnectionInput, readOnly: boolean): Promise<ConnectionTestResult> {
    const driver = await driverFor(type);
    const parsed = driver.parseConfig(input);
    const signal = AbortSignal.timeout(TEST_TIMEOUT_MS);
    try {
      // One session: a test must not be what exhausts a server.
      const options = { ...connectOptions(this.config, { readOnly, maxConnections: 2 }), keepSessions: 1 };
      const source = await driver.connect(parsed, options, signal);
      try {
        return success(await source.test(signal));
      } finally {
        await source.close(0);
      }
    } catch (error) {
      return failure(error);
    }
  }
}

function success(report: TestReport): ConnectionTestResult {
  return { success: true, ...report, provablyReadOnly: isProvablyReadOnly(report.account) };
}

function failure(error: unknown): ConnectionTestResult {
  if (!isAppError(error)) throw error;
  // The deadline of the test is the deadline of the connection here.
  const shown = error.code === 'query.timeout' ? new AppError('connection.timeout') : error;
  return {
    success: false,
    serverVersion: null,
    latencyMs: null,
    readOnlyAccount: null,
    provablyReadOnly: null,
    account: null,
    warnings: [],
    error: { code: shown.code, title: shown.definition.title, detail: shown.message },
  };
}
