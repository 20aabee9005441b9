import type { Json, JsonObject } from '../strict-json';

/** The expression that masks the value of a variable, by its name. */
export type Mask = (value: string) => Json;

interface Branch {
  mask: Mask | null;
  /** Members to leave out because their names hold the dots of a path. */
  readonly dotted: Set<string>;
  readonly members: Map<string, Branch>;
}
const branch = (): Branch => ({ mask: null, dotted: new Set(), members: new Map() });

/** Arrays within arrays down to which members are looked for; what lies deeper is shown as null. */
const ARRAYS = 2;

/**
 * Stages that mask by dotted paths: through documents, and through each element of arrays on the way. All masks see the
 * document as it was, whatever the others do.
 *
 * Since MongoDB 5.0 a member's name may hold a dot (`{"a.b": 1}`), and no path leads to it. Whoever hides `a.b` hides that
 * one too: such members are left out, of masked and of denied paths.
 */
export function maskStages(masks: ReadonlyMap<string, Mask>, denied: readonly string[]): JsonObject[] {
  const root = branch();
  for (const [path, mask] of masks) plant(root, path.split('.'), mask);
  for (const path of denied) plant(root, path.split('.'), null);
  const set = Object.fromEntries(
    [...root.members]
      .filter(([, inner]) => changes(inner))
      .map(([name, inner]): [string, Json] => [
        name,
        { $let: { vars: { v1: `$$ROOT.${name}` }, in: masked(inner, 1, ARRAYS) } },
      ]),
  );
  return [
    ...(Object.keys(set).length === 0 ? [] : [{ $set: set }]),
    ...[...root.dotted].map((name) => ({ $replaceWith: withoutDotted(name, '$$ROOT') })),
  ];
}

const withoutDotted = (name: string, input: Json): JsonObject => ({
  $unsetField: { field: { $literal: name }, input },
});

const changes = (at: Branch): boolean =>
  at.mask !== null || at.dotted.size > 0 || [...at.members.values()].some(changes);

/** A mask on a document covers those on its members. */
function plant(at: Branch, [name, ...rest]: readonly string[], mask: Mask | null): void {
  if (name === undefined) {
    at.mask ??= mask;
    return;
  }
  for (let count = 1; count <= rest.length; count += 1)
    at.dotted.add([name, ...rest.slice(0, count)].join('.'));
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
  for (const name of at.dotted) document = withoutDotted(name, document);
  for (const [name, inner] of at.members) {
    if (!changes(inner)) continue;
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
  }
  return document;
}
