import type { StatementAccess } from '../facts';

export type MemberForm = 'document' | 'documents' | 'pipeline' | 'update' | 'text' | 'number' | 'hint';

export interface Operation {
  readonly access: StatementAccess;
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

/** Every member an operation may have, besides `operation` and `collection`, and its form. */
export const memberForms: ReadonlyMap<string, MemberForm> = new Map<string, MemberForm>([
  ['filter', 'document'],
  ['projection', 'document'],
  ['sort', 'document'],
  ['collation', 'document'],
  ['document', 'document'],
  ['documents', 'documents'],
  ['pipeline', 'pipeline'],
  ['update', 'update'],
  ['field', 'text'],
  ['skip', 'number'],
  ['limit', 'number'],
  ['hint', 'hint'],
]);

const operation = (access: StatementAccess, required: string, optional: string): Operation => ({
  access,
  required: required.split(' ').filter(Boolean),
  optional: optional.split(' ').filter(Boolean),
});

export const operations: ReadonlyMap<string, Operation> = new Map([
  ['find', operation('read', '', 'filter projection sort skip limit collation hint')],
  ['findOne', operation('read', '', 'filter projection sort skip collation hint')],
  ['aggregate', operation('read', 'pipeline', 'collation hint')],
  ['count', operation('read', '', 'filter skip limit collation hint')],
  ['countDocuments', operation('read', '', 'filter skip limit collation hint')],
  ['estimatedDocumentCount', operation('read', '', '')],
  ['distinct', operation('read', 'field', 'filter collation hint')],
  ['insertOne', operation('write', 'document', '')],
  ['insertMany', operation('write', 'documents', '')],
  ['updateOne', operation('write', 'filter update', 'collation hint')],
  ['updateMany', operation('write', 'filter update', 'collation hint')],
  ['replaceOne', operation('write', 'filter document', 'collation hint')],
  ['deleteOne', operation('write', 'filter', 'collation hint')],
  ['deleteMany', operation('write', 'filter', 'collation hint')],
]);
