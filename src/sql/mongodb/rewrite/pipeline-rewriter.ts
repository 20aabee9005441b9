import type { RelationDescription } from '../../../common/relation-description';
import { refuse } from '../../refused';
import { holds, isObject, itemsOf, membersOf } from '../json';
import type { Json, JsonObject } from '../strict-json';
import { matchForeign } from './match-foreign';
import { overlap } from './field-path';
import { isPlainFilter } from './plain-filter';
import { Reading, type Layer } from './reading';
import type { Catalogued, References } from './references';
import { requireNoDenied } from './require-no-denied';
import { spliceUnder } from './splice-under';

const SIMPLE = 'simple';
/** References that a statement may come to, those of views included: views could multiply them without end. */
const MOST = 500;

export interface StatementTerms {
  /** Every text of the caller, to choose names that are not in it. */
  readonly text: string;
  /** Whether the caller asks for something that may fail, or take its time, on some documents. */
  readonly fenced: boolean;
}

type Rewrite = (rewriter: PipelineRewriter, argument: Json) => Json;

/** Replaces every reference to something protected in pipelines, at any depth. */
export class PipelineRewriter {
  /** References by which something protected is read. */
  readonly readings: Reading[] = [];
  /** What the operation itself names; its pipeline begins with this. */
  main: Reading | null = null;
  /** Default collation of the whole operation as text. */
  collation = SIMPLE;
  private count = 0;
  /** The views around what is rewritten now. */
  private depth = 0;

  constructor(
    readonly references: References,
    readonly terms: StatementTerms,
  ) {}

  /** What is read by a name. */
  reading(name: string): Reading {
    this.count += 1;
    if (this.count > MOST) refuse('query.too_complex', `The views reach more than ${MOST} collections`);
    const chain = this.references.chain(name);
    const layers: Layer[] = [];
    let isProtected = false;
    for (const link of chain) {
      if (link.view !== null) {
        const pipeline = this.ofView(link);
        if (pipeline !== link.view.pipeline) isProtected = true;
        layers.push({ pipeline });
      }
      if (link.policy !== null) {
        layers.push({ policy: link.policy });
        isProtected = true;
      }
    }
    const reading = new Reading(name, chain, layers, isProtected);
    if (!isProtected) return reading;
    for (const { view, name: strange } of chain)
      if (view != null && view.strange !== null)
        refuse(
          'policy.unsupported',
          `The view ${JSON.stringify(strange)} reads something with a policy and holds ${view.strange}, which is not understood`,
        );
    this.readings.push(reading);
    return reading;
  }

  /** The very same array where nothing protected is read. */
  private ofView({ view, name }: Catalogued): readonly JsonObject[] {
    if (view === null) return [];
    if (view.strange !== null) this.refuseStrange(name, view.strange, view.pipeline);
    this.depth += 1;
    const rewritten = this.pipeline(view.pipeline);
    this.depth -= 1;
    return rewritten;
  }

  private refuseStrange(name: string, strange: string, pipeline: Json): void {
    for (const from of namedIn(pipeline))
      if (this.reading(from).isProtected)
        refuse(
          'policy.unsupported',
          `The view ${JSON.stringify(name)} reads something with a policy and holds ${strange}, which is not understood`,
        );
  }

  /** The very same array where nothing protected is read. */
  pipeline(stages: readonly JsonObject[]): readonly JsonObject[] {
    const rewritten = stages.map((stage) => this.stage(stage));
    return rewritten.every((stage, at) => stage === stages[at]) ? stages : rewritten;
  }

  private stage(stage: JsonObject): JsonObject {
    const [[name, argument] = []] = Object.entries(stage);
    const rewrite = name === undefined ? undefined : nested.get(name);
    if (name === undefined || argument === undefined || rewrite === undefined) return stage;
    const rewritten = rewrite(this, argument);
    return rewritten === argument ? stage : { [name]: rewritten };
  }

  /** The caller's pipeline behind what the reference may show; without a policy it is left alone. */
  splice(reading: Reading, pipeline: readonly JsonObject[]): readonly JsonObject[] {
    const rewritten = this.pipeline(pipeline);
    if (!reading.isProtected) return rewritten;
    this.requireCollation(reading);
    if (this.depth === 0) requireNoDenied(reading, pipeline);
    const views = reading.chain.map(({ view }) => view?.pipeline ?? []);
    const fenced = this.terms.fenced || this.depth > 0 || views.some((view) => !isCalm(view));
    return spliceUnder(reading, rewritten, pipeline, fenced);
  }

  lookup(argument: Json): Json {
    if (!isObject(argument)) return argument;
    const { from, pipeline, localField, foreignField, ...others } = argument;
    const reading = this.reading(collectionOf(from));
    const own = itemsOf(pipeline) as readonly JsonObject[];
    if (!reading.isProtected) {
      const rewritten = this.pipeline(own);
      return rewritten === own ? argument : { ...argument, pipeline: rewritten };
    }
    if (typeof localField !== 'string' || typeof foreignField !== 'string')
      return { from: reading.base, ...others, pipeline: this.splice(reading, own) };
    if (this.depth === 0) requireNoDenied(reading, [{ $match: { [foreignField]: null } }]);
    // the server compares with the documents as they are stored, before the pipeline
    if (!reading.isView && !reading.hidden.some((path) => overlap(path, foreignField)))
      return { from: reading.base, localField, foreignField, ...others, pipeline: this.splice(reading, own) };
    const matched = matchForeign(localField, foreignField, this.terms.text);
    return {
      from: reading.base,
      ...others,
      let: { ...(isObject(others['let']) ? others['let'] : {}), ...matched.let },
      pipeline: this.splice(reading, [matched.stage, ...own]),
    };
  }

  union(argument: Json): Json {
    const coll = typeof argument === 'string' ? argument : isObject(argument) ? argument['coll'] : undefined;
    const own = (isObject(argument) ? itemsOf(argument['pipeline']) : []) as readonly JsonObject[];
    if (isObject(argument) && 'db' in argument) return collectionOf(argument);
    const reading = this.reading(collectionOf(coll));
    const rewritten = this.splice(reading, own);
    if (!reading.isProtected && rewritten === own) return argument;
    return { coll: reading.isProtected ? reading.base : reading.name, pipeline: rewritten };
  }

  /** It follows connections through the documents as they are stored. */
  graph(argument: Json): Json {
    const from = collectionOf(isObject(argument) ? argument['from'] : undefined);
    if (this.reading(from).isProtected)
      refuse(
        'policy.unsupported',
        `$graphLookup cannot read ${JSON.stringify(from)}, which has a policy; an administrator can exempt you from it`,
        { construct: '$graphLookup' },
      );
    return argument;
  }

  facet(argument: Json): Json {
    const members = membersOf(argument);
    const rewritten = members.map(([name, pipeline]): [string, Json] => [
      name,
      this.pipeline(itemsOf(pipeline) as readonly JsonObject[]),
    ]);
    return rewritten.every(([, pipeline], at) => pipeline === members[at]?.[1])
      ? argument
      : Object.fromEntries(rewritten);
  }

  /** A filter that compares text says something else under another collation. */
  private requireCollation({ chain, isView, name }: Reading): void {
    for (const { policy, description } of chain)
      if (policy !== null && policy.comparesText && collationOf(description) !== this.collation)
        refuseCollation(name);
    const top = chain.at(-1)?.description ?? null;
    if (isView && collationOf(top) !== this.collation) refuseCollation(name);
  }
}

const nested: ReadonlyMap<string, Rewrite> = new Map<string, Rewrite>([
  ['$lookup', (rewriter, argument) => rewriter.lookup(argument)],
  ['$unionWith', (rewriter, argument) => rewriter.union(argument)],
  ['$graphLookup', (rewriter, argument) => rewriter.graph(argument)],
  ['$facet', (rewriter, argument) => rewriter.facet(argument)],
]);

export const collationOf = (description: RelationDescription | null): string =>
  description?.collation ?? SIMPLE;

/** The text by which collations are compared: that of the server's descriptions, or what the caller wrote. */
export const collationText = (collation: JsonObject): string =>
  collation['locale'] === SIMPLE ? SIMPLE : JSON.stringify(collation);

const refuseCollation = (name: string): never =>
  refuse(
    'policy.unsupported',
    `A policy of ${JSON.stringify(name)} compares text, so that it cannot be read under another collation than its own`,
    { construct: 'collation' },
  );

function collectionOf(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return refuse('query.unsupported', 'Another database cannot be read from here', { construct: 'db' });
}

/** Collections named anywhere in something that is not understood. */
function namedIn(value: Json): string[] {
  const names: string[] = [];
  holds(value, (part) => {
    for (const [member, name] of membersOf(part))
      if (['from', 'coll', '$unionWith', 'into'].includes(member) && typeof name === 'string')
        names.push(name);
    return false;
  });
  return names;
}

/** Whether no stage at any depth picks documents by something that may fail, or take its time, on some of them. */
export const isCalm = (value: Json): boolean =>
  !holds(
    value,
    (part) =>
      isObject(part) && (('$match' in part && !isPlainFilter(part['$match'] ?? null)) || '$redact' in part),
  );
