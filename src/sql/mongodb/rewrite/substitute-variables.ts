import { refuse } from '../../refused';
import type { PolicyVariables } from '../../policy/rewriting';
import { isObject, itemsOf } from '../json';
import type { Json, JsonObject } from '../strict-json';

/** Matches no document. */
export const matchesNothing: JsonObject = { _id: { $in: [] } };
const nothing: JsonObject = { $in: [] };

/** Left where a variable without a value decides over a row: no row may then depend on it. */
class WithoutValue extends Error {}

const variable = /^:([A-Za-z_]\w*)$/;
const broken = (detail: string): never => refuse('policy.broken', detail);
const comparisons = new Set(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$nin', '$all', '$not']);
/** What reads a pattern or a name and not a value: a variable there would be more than a value. */
const patterns = new Set(['regex', 'options', '$regex', '$options', '$getField', 'field']);

/** Replaces `":name"` in what an administrator wrote; `"::name"` stands for the text `:name`. */
export class Substitution {
  constructor(private readonly variables: PolicyVariables) {}

  /** A row filter. A comparison with a variable whose value is null holds for no row, as in SQL. */
  filter(value: JsonObject): JsonObject {
    try {
      return this.document(value, false);
    } catch (error) {
      if (error instanceof WithoutValue) return matchesNothing;
      throw error;
    }
  }

  /** A mask's expression; values are wrapped so that none is read as a path or an operator. */
  expression(value: Json): Json {
    return this.inExpression(value, (found) => ({ $literal: found }));
  }

  private document(value: JsonObject, negated: boolean): JsonObject {
    return Object.fromEntries(
      Object.entries(value).map(([name, member]): [string, Json] => {
        if (name === '$and' || name === '$or' || name === '$nor') {
          const inner = negated || name === '$nor';
          return [name, itemsOf(member).map((item) => (isObject(item) ? this.document(item, inner) : item))];
        }
        if (name === '$expr') return [name, this.inExpression(member, literalOrLeave)];
        if (name.startsWith('$')) return [name, this.fixed(member)];
        try {
          return [name, this.condition(member, negated)];
        } catch (error) {
          if (error instanceof WithoutValue && !negated) return [name, nothing];
          throw error;
        }
      }),
    );
  }

  private condition(value: Json, negated: boolean): Json {
    if (!isObject(value)) return this.value(value);
    return Object.fromEntries(
      Object.entries(value).map(([name, member]): [string, Json] => {
        if (name === '$elemMatch' && isObject(member))
          return [
            name,
            isOperators(member) ? this.condition(member, negated) : this.document(member, negated),
          ];
        if (name === '$not') return [name, this.condition(member, true)];
        if (name === '$oid') return [name, this.objectId(member)];
        return [
          name,
          !name.startsWith('$') || comparisons.has(name) ? this.value(member) : this.fixed(member),
        ];
      }),
    );
  }

  private value(value: Json): Json {
    if (Array.isArray(value)) return value.map((item: Json) => this.value(item));
    if (isObject(value)) return this.condition(value, true);
    if (typeof value !== 'string') return value;
    const found = this.lookUp(value);
    if (found === null) throw new WithoutValue();
    return found ?? unescaped(value);
  }

  private objectId(value: Json): Json {
    const found = this.value(value);
    return typeof found === 'string' && /^[\da-f]{24}$/i.test(found)
      ? found
      : broken('A row filter compares an ObjectId with something that is none');
  }

  /** Where a variable would be read as a pattern, a type or an option. */
  private fixed(value: Json): Json {
    if (typeof value === 'string' && variable.test(value))
      broken('A row filter uses a variable where none may stand');
    if (Array.isArray(value)) return value.map((item: Json) => this.fixed(item));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, this.fixed(member)]));
  }

  private inExpression(value: Json, literal: (found: Json) => Json): Json {
    if (typeof value === 'string') {
      const found = this.lookUp(value);
      return found === undefined ? unescaped(value) : literal(found);
    }
    if (Array.isArray(value)) return value.map((item: Json) => this.inExpression(item, literal));
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]): [string, Json] => {
        if (name === '$literal') return [name, member];
        return [
          name,
          patterns.has(name) ? this.pattern(member, literal) : this.inExpression(member, literal),
        ];
      }),
    );
  }

  private pattern(value: Json, literal: (found: Json) => Json): Json {
    return typeof value === 'string' ? this.fixed(value) : this.inExpression(value, literal);
  }

  /** `undefined` when the text is no variable. */
  private lookUp(text: string): string | number | boolean | null | undefined {
    const name = variable.exec(text)?.[1];
    if (name === undefined) return undefined;
    const found = this.variables.get(name);
    return found === undefined ? broken(`The variable :${name} of a policy is not known`) : found;
  }
}

const unescaped = (text: string): string => (/^::[A-Za-z_]\w*$/.test(text) ? text.slice(1) : text);
const isOperators = (value: JsonObject): boolean => Object.keys(value).some((name) => name.startsWith('$'));

function literalOrLeave(found: Json): Json {
  if (found === null) throw new WithoutValue();
  return { $literal: found };
}
