import type { Json, JsonObject } from '../strict-json';

/** The expression that masks the value of a variable, by its name. */
export type Mask = (value: string) => Json;

interface Branch {
  mask: Mask | null;
  readonly members: Map<string, Branch>;
}
const branch = (): Branch => ({ mask: null, members: new Map() });

/** Arrays within arrays down to which members are looked for; what lies deeper is shown as null. */
const ARRAYS = 2;

/**
 * Members of a `$set` that masks by dotted paths: through documents, and through each element of arrays on the way. All of
 * them see the document as it was, whatever the others do.
 */
export function maskDocument(masks: ReadonlyMap<string, Mask>): JsonObject {
  const root = branch();
  for (const [path, mask] of masks) plant(root, path.split('.'), mask);
  return Object.fromEntries(
    [...root.members].map(([name, inner]) => [
      name,
      { $let: { vars: { v1: `$$ROOT.${name}` }, in: masked(inner, 1, ARRAYS) } },
    ]),
  );
}

/** A mask on a document covers those on its members. */
function plant(at: Branch, [name, ...rest]: readonly string[], mask: Mask): void {
  if (name === undefined) {
    at.mask = mask;
    return;
  }
  const next = at.members.get(name) ?? branch();
  at.members.set(name, next);
  plant(next, rest, mask);
}

/** Expression on `$$v<level>`; every variable around it has another number. */
function masked(at: Branch, level: number, arrays: number): Json {
  const value = `$$v${level}`;
  if (at.mask !== null) return at.mask(value);
  const elements: Json =
    arrays === 0
      ? null
      : { $map: { input: value, as: `v${level + 1}`, in: masked(at, level + 1, arrays - 1) } };
  return {
    $switch: {
      branches: [
        { case: { $isArray: [value] }, then: elements },
        { case: { $in: [{ $type: value }, ['object']] }, then: members(at, level, value) },
      ],
      default: value,
    },
  };
}

function members(at: Branch, level: number, value: string): Json {
  let document: Json = value;
  for (const [name, inner] of at.members)
    document = {
      $setField: {
        field: name,
        input: document,
        value: {
          $let: {
            vars: { [`v${level + 1}`]: { $getField: { field: name, input: value } } },
            in: {
              $cond: [
                { $in: [{ $type: `$$v${level + 1}` }, ['missing']] },
                '$$REMOVE',
                masked(inner, level + 1, ARRAYS),
              ],
            },
          },
        },
      },
    };
  return document;
}
