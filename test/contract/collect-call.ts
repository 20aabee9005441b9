import type { Column, Row } from '../../src/drivers/cell';
import type { Source } from '../../src/drivers/driver';
import type { CallRequest, ProcedureDescription } from '../../src/drivers/procedure';

export interface CollectedCall {
  readonly procedure: ProcedureDescription;
  readonly out: Readonly<Record<string, unknown>>;
  readonly outTypes: Readonly<Record<string, string>>;
  readonly sets: readonly {
    readonly name: string | null;
    readonly columns: readonly Column[];
    readonly rows: Row[];
  }[];
  readonly affectedRows: number | null;
}

/** Takes a call to its end. */
export async function collectCall(
  source: Source,
  request: CallRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<CollectedCall> {
  await using results = await source.call(request, signal);
  const sets = [];
  for (let set = await results.next(); set !== null; set = await results.next()) {
    const rows: Row[] = [];
    for (let more = await set.read(100); more.length > 0; more = await set.read(100)) rows.push(...more);
    sets.push({ name: set.name, columns: set.columns, rows });
  }
  const { procedure, out, affectedRows } = results;
  return {
    procedure,
    out: Object.fromEntries(out.columns.map(({ name }, place) => [name, out.row[place]])),
    outTypes: Object.fromEntries(out.columns.map(({ name, type }) => [name, type])),
    sets,
    affectedRows,
  };
}
