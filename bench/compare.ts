import { readFileSync } from 'node:fs';
import { load, median, type Measured, type Target } from './load';
import type { Scenario } from './scenarios';

/** A program that answers the scenarios. */
export interface Contender {
  readonly name: string;
  readonly pid: number;
  target(scenario: Scenario): Target;
}

/** Medians of the rounds, against the bare server in the same round. */
export interface Figures {
  /** Requests a second, this program / bare. */
  readonly ratio: number;
  readonly addedP50Ms: number;
  readonly addedP95Ms: number;
  /** CPU time of the process per request, in microseconds. */
  readonly cpuUs: number;
}

export interface Line {
  readonly scenario: string;
  readonly clients: number;
  readonly bareCpuUs: number;
  readonly service: Figures;
  /** By name; null: it did not answer every request with success. */
  readonly others: ReadonlyMap<string, Figures | null>;
}

type WithCpu = Measured & { readonly cpuUs: number };

/** Runs all in turn, A B C A B C …, so that a machine that slows down slows each of them. */
export async function compare(
  bare: Contender,
  service: Contender,
  others: readonly Contender[],
  scenario: Scenario,
  how: { readonly clients: number; readonly rounds: number; readonly seconds: number },
): Promise<Line> {
  const all = [bare, service, ...others];
  const failed = new Set<Contender>();
  const rounds: Map<Contender, WithCpu>[] = [];
  for (let round = -1; round < how.rounds; round += 1) {
    const warming = round < 0;
    const measured = new Map<Contender, WithCpu>();
    for (const one of all.filter((contender) => !failed.has(contender))) {
      try {
        if (warming) await requireRows(one, scenario);
        measured.set(one, await measure(one, scenario, how.clients, warming ? 1 : how.seconds));
      } catch (error) {
        if (!others.includes(one)) throw error;
        failed.add(one);
        process.stderr.write(`${one.name}: ${error instanceof Error ? error.message : String(error)}\n`);
      }
    }
    if (!warming) rounds.push(measured);
  }
  const line: Line = {
    scenario: scenario.name,
    clients: how.clients,
    bareCpuUs: median(rounds.map((round) => round.get(bare)!.cpuUs)),
    service: figuresOf(rounds, service, bare),
    others: new Map(others.map((one) => [one.name, failed.has(one) ? null : figuresOf(rounds, one, bare)])),
  };
  const rates = all.map((one) => {
    const each = rounds.map((round) => round.get(one)?.requestsPerSecond.toFixed(0) ?? 'failed');
    return `${one.name} ${each.join(' ')}`;
  });
  process.stdout.write(`${scenario.name}, ${how.clients} clients, requests a second: ${rates.join('; ')}\n`);
  return line;
}

function figuresOf(rounds: readonly Map<Contender, WithCpu>[], one: Contender, bare: Contender): Figures {
  const pairs = rounds.map((round) => [round.get(bare)!, round.get(one)!] as const);
  return {
    ratio: median(pairs.map(([b, o]) => o.requestsPerSecond / b.requestsPerSecond)),
    addedP50Ms: median(pairs.map(([b, o]) => o.p50Ms - b.p50Ms)),
    addedP95Ms: median(pairs.map(([b, o]) => o.p95Ms - b.p95Ms)),
    cpuUs: median(pairs.map(([, o]) => o.cpuUs)),
  };
}

/** @throws Error when the answer is not the rows of the scenario: fast answers of something else would win */
async function requireRows(one: Contender, scenario: Scenario): Promise<void> {
  const { url, method = 'POST', headers, body } = one.target(scenario);
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  const rows = text.match(/person\d+@example\.org/g)?.length ?? 0;
  if (rows !== scenario.rows)
    throw new Error(`${url} answered ${response.status} with ${rows} rows: ${text.slice(0, 200)}`);
}

/** Clock ticks of /proc/PID/stat are 10 ms on every Linux that Node runs on. */
async function measure(
  one: Contender,
  scenario: Scenario,
  clients: number,
  seconds: number,
): Promise<WithCpu> {
  const ticks = (): number => {
    const [, text = ''] = readFileSync(`/proc/${one.pid}/stat`, 'utf8').split(') ');
    const fields = text.split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };
  const before = ticks();
  const measured = await load(one.target(scenario), clients, seconds);
  return { ...measured, cpuUs: ((ticks() - before) * 10_000) / measured.requests };
}
