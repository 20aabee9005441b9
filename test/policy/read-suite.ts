import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SuiteEntry, SuiteFile } from './suite-entry';

const members = new Set([
  'id',
  'profile',
  'profiles',
  'statement',
  'params',
  'cache',
  'timeoutMs',
  'expect',
  'codes',
  'rows',
  'ordered',
  'leaksOnBareServer',
  'sameInBothWorlds',
  'before',
  'why',
]);
const verdicts = new Set(['rows', 'masked', 'refused']);

type Written = Omit<SuiteEntry, 'profile'> & {
  readonly profile?: string;
  readonly profiles?: readonly string[];
};

/** The data files of one engine; `kind` is the folder. An entry for several profiles becomes one entry for each. */
export function readSuite(engine: string, kind: 'attacks' | 'honest'): readonly SuiteFile[] {
  const folder = join(__dirname, engine, kind);
  const seen = new Set<string>();
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => {
      const { theme, statements } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
        theme: string;
        statements: readonly Written[];
      };
      for (const entry of statements) {
        const wrong = complaint(entry, seen);
        if (wrong !== null) throw new Error(`${engine}/${kind}/${name} ${entry.id}: ${wrong}`);
        seen.add(entry.id);
      }
      return {
        name: `${engine}/${kind}/${name.slice(0, -5)}`,
        theme,
        entries: statements.flatMap(perProfile),
      };
    });
}

function perProfile({ profiles, profile, ...entry }: Written): SuiteEntry[] {
  return (profiles ?? [profile ?? '']).map((each) => ({ ...entry, profile: each }));
}

/** A misspelt member would silently weaken a test. */
function complaint(entry: Written, seen: ReadonlySet<string>): string | null {
  const unknown = Object.keys(entry).find((key) => !members.has(key));
  if (unknown !== undefined) return `unknown member ${unknown}`;
  if (!entry.id || seen.has(entry.id)) return 'needs an id of its own';
  if ((entry.profile === undefined) === (entry.profiles === undefined)) return 'needs profile or profiles';
  if (!verdicts.has(entry.expect)) return `unknown verdict ${entry.expect}`;
  if (entry.codes !== undefined && entry.expect !== 'refused') return 'codes go with a refusal';
  if (!entry.why) return 'does not say why';
  return null;
}
