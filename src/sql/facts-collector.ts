import type { FunctionRef, RelationRef, StatementAccess, StatementFacts } from './facts';

/** Gathers facts while a tree is walked. */
export class FactsCollector {
  private readonly relations: RelationRef[] = [];
  private readonly functions: FunctionRef[] = [];
  private writes = false;
  parameterCount = 0;

  relation(
    schema: string | null,
    name: string,
    access: StatementAccess,
    position: number | null = null,
  ): void {
    this.relations.push({ schema, name, access, position });
    if (access === 'write') this.writes = true;
  }

  function(schema: string | null, name: string, safe: boolean, position: number | null = null): void {
    this.functions.push({ schema, name, safe, position });
  }

  /** Counts a parameter written by number, `$3` or `?3`. */
  parameter(number: number): void {
    this.parameterCount = Math.max(this.parameterCount, number);
  }

  facts(kind: string): StatementFacts {
    return {
      kind,
      access: this.writes ? 'write' : 'read',
      relations: this.relations,
      functions: this.functions,
      parameterCount: this.parameterCount,
    };
  }
}
