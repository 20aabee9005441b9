export type CheckState = 'up' | 'down';

export interface Check {
  readonly name: string;
  readonly run: () => Promise<unknown>;
}

/** Runs all checks at once; one that has not answered after `deadlineMs` is down. */
export async function checkReadiness(
  checks: readonly Check[],
  deadlineMs: number,
): Promise<Readonly<Record<string, CheckState>>> {
  const states = await Promise.all(
    checks.map(async ({ name, run }): Promise<[string, CheckState]> => [
      name,
      await stateOf(run, deadlineMs),
    ]),
  );
  return Object.fromEntries(states);
}

async function stateOf(run: () => Promise<unknown>, deadlineMs: number): Promise<CheckState> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<CheckState>((resolve) => {
    timer = setTimeout(() => resolve('down'), deadlineMs);
  });
  try {
    return await Promise.race([run().then((): CheckState => 'up'), late]);
  } catch {
    return 'down';
  } finally {
    clearTimeout(timer);
  }
}
