/**
 * Names that WITH clauses define, innermost first. What is visible while a clause is still being read differs
 * between dialects, so the walkers decide when to define a name.
 */
export class CteScope {
  private readonly names = new Set<string>();

  constructor(private readonly outer: CteScope | null = null) {}

  define(name: string): void {
    this.names.add(name);
  }

  has(name: string): boolean {
    return this.names.has(name) || (this.outer?.has(name) ?? false);
  }
}
