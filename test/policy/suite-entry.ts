/** What is asked: text for SQL, an operation for MongoDB. */
export type Statement = string | Readonly<Record<string, unknown>>;

export function sqlOf(statement: Statement): string {
  if (typeof statement !== 'string') throw new Error('A statement of this engine is text');
  return statement;
}

export interface Asked {
  /** Who asks: a name of `profiles.json`. */
  readonly profile: string;
  readonly statement: Statement;
  readonly params?: readonly unknown[];
  readonly cache?: 'use' | 'bypass' | 'refresh';
  /** Milliseconds; the service's own default when absent. */
  readonly timeoutMs?: number;
}

export type Verdict = 'rows' | 'masked' | 'refused';

/** One statement of a data file. The README of this folder says what each member means. */
export interface SuiteEntry extends Asked {
  readonly id: string;
  readonly expect: Verdict;
  readonly codes?: readonly string[];
  readonly rows?: readonly (readonly unknown[])[];
  readonly ordered?: boolean;
  readonly leaksOnBareServer?: boolean;
  readonly sameInBothWorlds?: boolean;
  readonly before?: readonly Asked[];
  readonly why: string;
}

export interface SuiteFile {
  readonly name: string;
  readonly theme: string;
  readonly entries: readonly SuiteEntry[];
}
