/**
 * The class of a BSON value, `undefined` for a plain document. The classes of the client library have `_bsontype` on
 * their prototype; a document that brings a member of that name only pretends.
 */
export function bsonKind(value: object): string | undefined {
  if (Object.hasOwn(value, '_bsontype')) return undefined;
  return (value as { _bsontype?: string })._bsontype;
}
