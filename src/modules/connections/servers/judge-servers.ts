import { AppError } from '../../../common/app-error';
import type {
  ServerAddress,
  ServerRole,
  ServerStanding,
  TestReport,
  TestWarning,
} from '../../../drivers/driver';

/** What came of trying one server. */
export type Tried =
  | { readonly error: AppError }
  | {
      readonly error: null;
      readonly report: TestReport;
      readonly standing: ServerStanding | null;
      readonly lineage: string | null;
    };

export type TestedServer = ServerAddress & Tried;

export interface ShownError {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
}

export interface ServerTestResult extends ServerAddress {
  readonly role: ServerRole | null;
  readonly serverVersion: string | null;
  readonly latencyMs: number | null;
  readonly error?: ShownError;
}

type Answered = Extract<TestedServer, { error: null }>;

type Judgement = { readonly servers: readonly ServerTestResult[] } & (
  { readonly error: AppError; readonly report: null } | { readonly error: null; readonly report: TestReport }
);

export function shown(error: AppError): ShownError {
  return { code: error.code, title: error.definition.title, detail: error.message };
}

/**
 * The test of several servers as one: all must answer, and one alone must take writes. The account is the worst of what it
 * is on any of them.
 */
export function judgeServers(tests: readonly TestedServer[]): Judgement {
  const servers = tests.map(resultOf);
  const failed = tests.find((test) => test.error !== null);
  if (failed?.error) return { servers, error: failed.error, report: null };
  const answered = tests.filter((test): test is Answered => test.error === null);
  const primaries = answered.filter(({ standing }) => standing?.writable);
  const [primary] = primaries;
  if (!primary) return { servers, error: new AppError('connection.no_primary'), report: null };
  if (primaries.length > 1)
    return { servers, error: new AppError('connection.several_primaries'), report: null };
  const accounts = answered.map(({ report }) => report.account);
  const readOnly = answered.map(({ report }) => report.readOnlyAccount);
  const report: TestReport = {
    ...primary.report,
    account: accounts.includes(null) ? null : distinct(accounts.flatMap((account) => account ?? [])),
    readOnlyAccount: readOnly.includes(false) ? false : readOnly.includes(null) ? null : true,
    warnings: [
      ...distinct(answered.flatMap(({ report: { warnings } }) => warnings)),
      ...answered.flatMap((test) => (test === primary ? [] : remarksOn(test, primary))),
    ],
  };
  return { servers, error: null, report };
}

function resultOf(test: TestedServer): ServerTestResult {
  const { host, port } = test;
  if (test.error !== null)
    return { host, port, role: null, serverVersion: null, latencyMs: null, error: shown(test.error) };
  const { serverVersion, latencyMs } = test.report;
  return { host, port, role: test.standing?.writable ? 'primary' : 'replica', serverVersion, latencyMs };
}

function remarksOn({ host, port, standing, lineage }: Answered, primary: Answered): TestWarning[] {
  const remarks: TestWarning[] = [];
  if (standing?.position == null)
    remarks.push({
      code: 'replica_not_comparable',
      message: `${host}:${port} does not tell how far it is (GTIDs are off, or nothing was replicated yet); it is not read from.`,
    });
  if (lineage !== null && primary.lineage !== null && lineage !== primary.lineage)
    remarks.push({
      code: 'replica_foreign',
      message: `${host}:${port} is no copy of the primary; it is not read from.`,
    });
  return remarks;
}

function distinct<T>(items: readonly T[]): T[] {
  const known = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...known.values()];
}
