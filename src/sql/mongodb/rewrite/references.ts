import type { RelationDescription, RelationName } from '../../../common/relation-description';
import { refuse } from '../../refused';
import type { ProtectedRelation, RewriteRequest } from '../../policy/rewriting';
import { compilePolicy } from './compile-policy';
import type { CompiledPolicy } from './compiled-policy';
import type { Json } from '../strict-json';
import { readView, type View } from './read-view';

/** Views on views: as many as the server follows. */
const DEEPEST = 20;

export interface Catalogued {
  readonly name: string;
  readonly description: RelationDescription | null;
  readonly policy: CompiledPolicy | null;
  readonly view: View | null;
}

/** Looks names up, each once, and remembers what was looked up. Collections have no schemas. */
export class References {
  readonly missing: RelationName[] = [];
  readonly #known = new Map<string, Catalogued>();

  constructor(private readonly request: RewriteRequest) {}

  get(name: string): Catalogued {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const found = this.#lookUp(name);
    this.#known.set(name, found);
    return found;
  }

  /** The collection at the bottom, and the views over it from there upwards. */
  chain(name: string): readonly Catalogued[] {
    const chain = [this.get(name)];
    for (let [lowest] = chain; lowest?.view != null; [lowest] = chain) {
      if (chain.length > DEEPEST) refuse('policy.unsupported', 'Views rest on each other too deeply');
      chain.unshift(this.get(lowest.view.viewOn));
    }
    return chain;
  }

  /** Stages that only policies have written: the same objects wherever they stand. */
  get policyStages(): ReadonlySet<Json> {
    return new Set([...this.#known.values()].flatMap(({ policy }) => policy?.columns ?? []));
  }

  get restsOn(): RelationName[] {
    return [...this.#known.keys()].map((name) => ({ schema: null, name }));
  }

  get relations(): ProtectedRelation[] {
    return [...this.#known.values()].map(({ name, policy }) => ({
      schema: null,
      name,
      filtered: policy !== null && policy.filter !== null,
      masks: Object.fromEntries(policy?.masks ?? []),
      denied: policy?.denied ?? [],
    }));
  }

  #lookUp(name: string): Catalogued {
    const relation = { schema: null, name };
    const description = this.request.describe(relation);
    if (description === undefined) this.missing.push(relation);
    const written = this.request.policyOf(relation);
    const governs = written !== null && (written.rowFilters.length > 0 || written.columns.size > 0);
    return {
      name,
      description: description ?? null,
      policy: governs ? compilePolicy(written, this.request.variables) : null,
      view: description?.kind === 'view' ? readView(description) : null,
    };
  }
}
