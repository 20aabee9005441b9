import type { Json, JsonObject } from '../strict-json';

/** A name of a variable that the caller's text does not hold. */
function freeName(text: string): string {
  let name = 'local';
  for (let number = 1; text.includes(name); number += 1) name = `local${number}`;
  return name;
}

/**
 * The equality of `localField` and `foreignField` as a stage, for documents that are masked before they are compared: an
 * array is equal by any of its elements, and what is not there, or an empty array on the left, is null (manual, $lookup).
 */
export function matchForeign(
  localField: string,
  foreignField: string,
  text: string,
): { readonly let: JsonObject; readonly stage: JsonObject } {
  const name = freeName(text);
  const list = (value: string, whole: Json): Json => ({
    $cond: [{ $isArray: [value] }, whole, [{ $ifNull: [value, null] }]],
  });
  const orNull = (value: string): Json => ({ $cond: [{ $eq: [value, []] }, [null], value] });
  const [local, foreign] = [`$$${name}`, `$${foreignField}`];
  return {
    let: { [name]: `$${localField}` },
    stage: {
      $match: {
        $expr: {
          $gt: [
            {
              $size: {
                $setIntersection: [
                  list(local, orNull(local)),
                  list(foreign, { $concatArrays: [foreign, [foreign]] }),
                ],
              },
            },
            0,
          ],
        },
      },
    },
  };
}
