/**
 * A path without what picks elements of arrays (`items.0.price`, `items.$[].price`): a policy speaks of the members of
 * every element.
 */
const plain = (path: string): string =>
  path
    .split('.')
    .filter((part) => !/^(?:\d+|\$.*)$/.test(part))
    .join('.');

/** Whether `path` is `other` or something inside it. */
export function isWithin(path: string, other: string): boolean {
  const [inner, outer] = [plain(path), plain(other)];
  return inner === outer || inner.startsWith(`${outer}.`) || path === other || path.startsWith(`${other}.`);
}

/** Whether one path is the other, or leads to it: whoever reads one then sees of the other. */
export const overlap = (left: string, right: string): boolean =>
  isWithin(left, right) || isWithin(right, left);

/** A path that a policy may name: members by name, none of them like an operator or the place in an array. */
export function isPolicyPath(path: string): boolean {
  const parts = path.split('.');
  return parts.length <= 5 && parts.every((part) => part !== '' && !/^\$|^\d+$|\0/.test(part));
}
