import type { JsonObject } from '../strict-json';
import type { Catalogued } from './references';
import { hiddenPaths, type CompiledPolicy } from './compiled-policy';
import { policyStages, type Spliced } from './stages';

/** One step between the documents of a collection and what a reference shows: a view's pipeline, or a policy. */
export type Layer = { readonly pipeline: readonly JsonObject[] } | { readonly policy: CompiledPolicy };

/** A reference to a collection or view as this viewer may read it. */
export class Reading {
  constructor(
    readonly name: string,
    /** From the collection at the bottom upwards; the last one has the name of the reference. */
    readonly chain: readonly Catalogued[],
    private readonly layers: readonly Layer[],
    /** Whether anything of it has a policy, so that it may not be read by its name. */
    readonly isProtected: boolean,
  ) {}

  /** The collection whose documents are read; never a view, which could be made anew meanwhile. */
  get base(): string {
    return this.chain[0]?.name ?? this.name;
  }

  get isView(): boolean {
    return this.chain.length > 1;
  }

  /** The policy of exactly what the reference names, whose paths are those the caller writes. */
  get policy(): CompiledPolicy | null {
    return this.chain.at(-1)?.policy ?? null;
  }

  get hidden(): readonly string[] {
    return this.policy === null ? [] : hiddenPaths(this.policy);
  }

  get isFiltered(): boolean {
    return this.chain.some(({ policy }) => policy !== null && policy.filter !== null);
  }

  /** `search` and `ahead` only where the reference is no view. */
  stages(spliced: Spliced): JsonObject[] {
    return this.layers.flatMap((layer) =>
      'policy' in layer ? policyStages(layer.policy, spliced) : layer.pipeline,
    );
  }
}
