import { Injectable } from '@nestjs/common';
import { AppError, isAppError } from '../../common/app-error';
import type { RelationDescription } from '../../common/relation-description';
import { roles } from '../../common/principal';
import type { ConnectionRecord } from '../connections/connection-record';
import { searchPathOf } from '../connections/connection-record';
import { Sources } from '../connections/sources.provider';
import { probeStatement } from '../../sql/policy/probe-statement';
import { rewrite } from '../../sql/policy/rewrite';
import { refusalError } from '../../sql/refusal-error';
import { effectivePolicies } from './effective-policies';
import type { PolicyItem } from './policy-item';
import type { PolicyItemBody } from './policy.dto';
import { RelationCatalog } from './relation-catalog';

const TIMEOUT_MS = 30_000;
const PROBE_KEY = Buffer.alloc(32);

/** Checks policies against the database they are meant for, so that a mistake is met by who makes it. */
@Injectable()
export class PolicyChecker {
  constructor(
    private readonly catalog: RelationCatalog,
    private readonly sources: Sources,
  ) {}

  /**
   * The policies with their names as the catalog spells them.
   * @throws AppError `policy.invalid`, naming the entry
   */
  async check(connection: ConnectionRecord, bodies: readonly PolicyItemBody[]): Promise<PolicyItem[]> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const items: PolicyItem[] = [];
    for (const [index, body] of bodies.entries()) {
      const at = (problem: string): AppError =>
        new AppError('policy.invalid', `Policy ${index + 1}: ${problem}`, {
          errors: [{ path: `/items/${index}`, message: problem }],
        });
      const problem = shapeProblem(body);
      if (problem !== null) throw at(problem);
      const relation = await this.relationOf(connection, body, signal);
      if (relation === null) throw at(`there is no ${body.schema ? `${body.schema}.` : ''}${body.table}`);
      const item = spelled(body, relation);
      if (item === null) throw at(`${relation.name} has no column ${body.column}`);
      await this.probe(connection, item, relation, signal).catch((error: unknown) => {
        if (isAppError(error) && error.code.startsWith('connection.')) throw error;
        throw isAppError(error) ? at(error.message) : error;
      });
      items.push(item);
    }
    return items;
  }

  private async relationOf(
    connection: ConnectionRecord,
    { schema, table }: PolicyItemBody,
    signal: AbortSignal,
  ): Promise<RelationDescription | null> {
    const path = searchPathOf(connection);
    const schemas = schema ? [schema] : path.length > 0 ? path : [null];
    const candidates = schemas.map((one) => ({ schema: one, name: table }));
    await this.catalog.load(connection, candidates, signal);
    for (const candidate of candidates) {
      const found = this.catalog.find(connection, candidate);
      if (found) return found;
    }
    return null;
  }

  /** Lets the database resolve a statement that is rewritten under this one policy; no row is asked for. */
  private async probe(
    connection: ConnectionRecord,
    item: PolicyItem,
    relation: RelationDescription,
    signal: AbortSignal,
  ): Promise<void> {
    const { dialect } = connection;
    if (dialect === null) throw new AppError('policy.unsupported');
    const viewer = { userId: PROBE_ID, username: 'probe', role: roles[1], unmasked: false, attributes: {} };
    const { appliesTo: _, exempt: __, ...plain } = item;
    const { policyOf, variables } = effectivePolicies([plain], viewer, dialect);
    const named = new Map([...attributesIn(item), ...variables]);
    const text = probeStatement(dialect, relation);
    for (;;) {
      const rewriting = await rewrite(dialect, {
        text,
        searchPath: searchPathOf(connection),
        describe: (name) => this.catalog.find(connection, name),
        policyOf,
        variables: named,
        hashKey: PROBE_KEY,
      });
      if (!rewriting.ok && 'missing' in rewriting) {
        await this.catalog.load(connection, rewriting.missing, signal);
        continue;
      }
      if (!rewriting.ok) throw refusalError(rewriting.refusal);
      return this.run(connection, rewriting.statement.text, signal);
    }
  }

  private async run(connection: ConnectionRecord, text: string, signal: AbortSignal): Promise<void> {
    await this.sources.use(connection, signal, async (source) => {
      await using cursor = await source.query(
        { text, values: [], access: 'read', maxRows: 1, timeoutMs: TIMEOUT_MS, hashKey: PROBE_KEY },
        signal,
      );
      await cursor.read(1);
    });
  }
}

const PROBE_ID = '00000000-0000-4000-8000-000000000000';

/** Attributes that users may have: their values are not known here, NULL fits every type. */
function attributesIn({ rowFilter, expression }: PolicyItem): [string, null][] {
  const names = `${rowFilter ?? ''} ${expression ?? ''}`.matchAll(/:([a-z_]\w*)/gi);
  return [...names].map(([, name]) => [name!, null]);
}

function shapeProblem({ column, mask, expression, rowFilter, deny }: PolicyItemBody): string | null {
  const effects = [mask, rowFilter, deny].filter((effect) => effect !== undefined);
  if (effects.length !== 1) return 'exactly one of mask, rowFilter and deny';
  if (rowFilter !== undefined && column !== undefined)
    return 'a row filter is for the table, not for a column';
  if (rowFilter === undefined && column === undefined) return 'column is missing';
  if ((mask === 'expression') !== (expression !== undefined))
    return 'expression goes with mask "expression", and with nothing else';
  return null;
}

function spelled(body: PolicyItemBody, relation: RelationDescription): PolicyItem | null {
  const { column, mask, expression, rowFilter, deny, appliesTo, exempt } = body;
  // schemaless engines do not tell their fields
  const known = relation.columns.length > 0 && column !== undefined;
  const found = relation.columns.find(({ name }) => name === column) ?? caseless(relation, column);
  if (known && found === undefined) return null;
  return {
    schema: relation.schema,
    table: relation.name,
    ...(column !== undefined && { column: found?.name ?? column }),
    ...(mask !== undefined && { mask }),
    ...(expression !== undefined && { expression }),
    ...(rowFilter !== undefined && { rowFilter }),
    ...(deny && { deny: true }),
    ...(appliesTo !== undefined && { appliesTo }),
    ...(exempt !== undefined && { exempt }),
  };
}

function caseless(
  { columns }: RelationDescription,
  name: string | undefined,
): RelationDescription['columns'][number] | undefined {
  const matching = columns.filter((column) => column.name.toLowerCase() === name?.toLowerCase());
  return matching.length === 1 ? matching[0] : undefined;
}
