import { createHash } from 'node:crypto';
import { mongo } from 'mongoose';
import { AppError } from '../../common/app-error';
import type { RelationDescription, RelationName, RelationVersion } from '../../common/relation-description';
import { exactTypes } from './introspect';

interface Listed {
  readonly name: string;
  readonly type?: string;
  readonly options?: { readonly viewOn?: string; readonly pipeline?: unknown; readonly collation?: unknown };
  readonly info?: { readonly uuid?: unknown };
}

const text = (value: unknown): string => mongo.BSON.EJSON.stringify(value, { relaxed: false });

/** A view has no identifier of its own: what it is made of is all it is. A collection gets a new one with each creation. */
function versionOf({ type, options, info }: Listed): string {
  return createHash('sha256')
    .update(text({ type, options, uuid: info?.uuid }))
    .digest('base64url');
}

function describeListed(listed: Listed): RelationDescription {
  const { name, type, options } = listed;
  const view = type === 'view';
  return {
    schema: null,
    name,
    kind: view ? 'view' : 'collection',
    columns: [],
    primaryKey: ['_id'],
    definition: view ? text({ viewOn: options?.viewOn, pipeline: options?.pipeline ?? [] }) : null,
    ...(options?.collation === undefined ? {} : { collation: text(options.collation) }),
    ancestors: [],
    descendants: [],
    version: versionOf(listed),
  };
}

export interface CatalogTerms {
  readonly maxTimeMS: number;
  readonly comment: string;
}

/** What the server's catalog says now (`listCollections`); `null` where nothing has the name, or it is in another database. */
export async function describeCollections(
  db: mongo.Db,
  relations: readonly RelationName[],
  terms: CatalogTerms,
): Promise<(RelationDescription | null)[]> {
  const names = relations.filter(({ schema }) => schema === null).map(({ name }) => name);
  if (names.length === 0) return relations.map(() => null);
  const listed = (await db
    .listCollections({ name: { $in: names } }, { ...terms, ...exactTypes })
    .toArray()) as unknown as Listed[];
  const found = new Map(listed.map((one) => [one.name, describeListed(one)]));
  return relations.map(({ schema, name }) => (schema === null ? (found.get(name) ?? null) : null));
}

/** @throws AppError `query.schema_changed` unless every relation has the version that is expected of it. */
export async function requireVersions(
  db: mongo.Db,
  expected: readonly RelationVersion[],
  terms: CatalogTerms,
): Promise<void> {
  if (expected.length === 0) return;
  const found = await describeCollections(db, expected, terms);
  if (expected.some(({ version }, at) => (found[at]?.version ?? null) !== version))
    throw new AppError('query.schema_changed');
}
