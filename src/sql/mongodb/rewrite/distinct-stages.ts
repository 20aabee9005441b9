import { refuse } from '../../refused';
import type { JsonObject } from '../strict-json';

/**
 * What `distinct` answers, as one document `{ "values": […] }` or none: each element of arrays on the path for itself,
 * nothing for documents without the member. In the order of the values; `distinct` promises none.
 */
export function distinctStages(field: string): JsonObject[] {
  const parts = field.split('.');
  if (parts.some((part) => part === '' || /^\$|^\d+$/.test(part)))
    refuse('policy.unsupported', 'The place in an array cannot be asked for by distinct under a policy', {
      construct: field.slice(0, 60),
    });
  const paths = parts.map((_, at) => parts.slice(0, at + 1).join('.'));
  return [
    ...paths.flatMap((path, at): JsonObject[] => [
      { $unwind: { path: `$${path}`, preserveNullAndEmptyArrays: true } },
      // no path leads into an array of an array
      ...(at < parts.length - 1 ? [{ $match: { $expr: { $not: [{ $isArray: [`$${path}`] }] } } }] : []),
    ]),
    { $match: { [field]: { $exists: true } } },
    { $group: { _id: `$${field}` } },
    { $sort: { _id: 1 } },
    { $group: { _id: null, values: { $push: '$_id' } } },
  ];
}
