import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cacheReport, type CacheLine } from './cache';
import type { Figures, Line } from './compare';

export interface StreamLine {
  readonly rows: number;
  /** Rows a second, service / plain program; medians of the rounds. */
  readonly ratio: number;
  /** CPU time of the process per row, in microseconds: plain, service. */
  readonly cpuUs: readonly [number, number];
  readonly rssGrowthMiB: number;
}

export interface Report {
  readonly lines: readonly Line[];
  /** The names of the other programs; empty without `--others`. */
  readonly others: readonly string[];
  readonly stream: StreamLine | null;
  readonly cache: readonly CacheLine[] | null;
  readonly schema: { readonly readMs: number; readonly p95Ms: number } | null;
  readonly rssMiB: number;
  readonly rounds: number;
  readonly seconds: number;
  /** Processes that waited for a core in the minute before the run. */
  readonly loadBefore: number;
}

/** Markdown. Ratios and differences only: rates belong to the machine. */
export function formatReport(report: Report): string {
  const { stream, cache, schema, others } = report;
  return [
    '| query | clients | throughput, service / bare | added p50, ms | added p95, ms | CPU of the process per request, µs |',
    '|---|---|---|---|---|---|',
    ...report.lines.map(
      ({ scenario, clients, bareCpuUs, service }) =>
        `| ${scenario} | ${clients} | ${service.ratio.toFixed(2)} | ${service.addedP50Ms.toFixed(1)} | ${service.addedP95Ms.toFixed(1)} | ${bareCpuUs.toFixed(0)} → ${service.cpuUs.toFixed(0)} |`,
    ),
    '',
    ...(others.length > 0 ? [...othersTable(report), ''] : []),
    ...(stream
      ? [
          `Stream of ${stream.rows.toLocaleString('en')} rows as NDJSON: ${stream.ratio.toFixed(2)} of the rows a second of the fastest plain program known (\`bench/plain-stream.mjs\`); processor time per row ${stream.cpuUs.map((us) => us.toFixed(2)).join(' → ')} µs; resident memory of the service grows by ${stream.rssGrowthMiB.toFixed(0)} MiB.`,
          '',
        ]
      : []),
    ...(cache ? [cacheReport(cache), ''] : []),
    `${schema ? `Catalog of 10,000 tables: read from the database in ${(schema.readMs / 1000).toFixed(1)} s, then pages, searches and single tables from the cache with a p95 of ${schema.p95Ms.toFixed(0)} ms. ` : ''}Resident memory of the service after the run: ${report.rssMiB} MiB.`,
    '',
    `Node ${process.version}, ${os.cpus().length} cores shared by load, service and database, at a load of ${report.loadBefore.toFixed(1)} from other work before the run; median of ${report.rounds} round${report.rounds === 1 ? '' : 's'} of ${report.seconds} s each, in turn.`,
  ].join('\n');
}

function othersTable({ lines, others }: Report): string[] {
  const cell = (figures: Figures | null | undefined): string =>
    figures
      ? `${figures.ratio.toFixed(2)} (${figures.addedP50Ms >= 0 ? '+' : ''}${figures.addedP50Ms.toFixed(1)})`
      : 'failed';
  return [
    'Throughput / bare and, in brackets, added p50 in ms, beside other programs in the same turns:',
    '',
    `| query | clients | this service | ${others.join(' | ')} |`,
    `|---|---|---|${'---|'.repeat(others.length)}`,
    ...lines.map(
      (line) =>
        `| ${line.scenario} | ${line.clients} | ${[line.service, ...others.map((name) => line.others.get(name))].map(cell).join(' | ')} |`,
    ),
  ];
}

/** Between the marks of the documentation. */
export function writeReport(text: string): void {
  const file = path.join(__dirname, '..', 'docs', 'performance.md');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(
      /(<!-- bench -->\n)[\s\S]*?(\n<!-- \/bench -->)/,
      (_, open: string, close: string) => `${open}\n${text}\n${close}`,
    ),
  );
}
