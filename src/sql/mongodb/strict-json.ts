import { refuse } from '../refused';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: Json;
}

export interface StrictJson {
  readonly value: Json;
  /** UTF-16 offsets of the values of the outermost members. */
  readonly offsets: ReadonlyMap<string, number>;
}

/** Deepest nesting: what the server takes in a document (manual, MongoDB Limits). */
const maxDepth = 100;

const space = /[ \t\n\r]*/y;
const scalar =
  /"(?:[^"\\\p{Cc}]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/uy;

class Reader {
  private position = 0;
  readonly offsets = new Map<string, number>();

  constructor(private readonly text: string) {}

  read(): Json {
    const value = this.value(0);
    this.skip();
    if (this.position < this.text.length) this.fail();
    return value;
  }

  private value(depth: number): Json {
    this.skip();
    if (depth > maxDepth)
      refuse('query.too_complex', `The operation nests more than ${maxDepth} levels`, {
        position: this.position,
      });
    const opening = this.text[this.position];
    if (opening === '{') return this.object(depth);
    if (opening === '[') return this.array(depth);
    return this.scalar();
  }

  private object(depth: number): JsonObject {
    const members = Object.create(null) as Record<string, Json>;
    this.list('}', (): void => {
      this.skip();
      const start = this.position;
      const name = this.scalar();
      if (typeof name !== 'string') this.fail(start);
      if (name in members)
        refuse('query.invalid_operation', `The member ${JSON.stringify(name.slice(0, 60))} is given twice`, {
          construct: 'duplicate member',
          position: start,
        });
      this.expect(':');
      this.skip();
      if (depth === 0) this.offsets.set(name, this.position);
      members[name] = this.value(depth + 1);
    });
    return members;
  }

  private array(depth: number): readonly Json[] {
    const items: Json[] = [];
    this.list(']', () => void items.push(this.value(depth + 1)));
    return items;
  }

  private list(closing: string, item: () => void): void {
    this.position += 1;
    this.skip();
    if (this.text[this.position] === closing) {
      this.position += 1;
      return;
    }
    for (;;) {
      item();
      this.skip();
      if (this.text[this.position] === closing) break;
      this.expect(',');
    }
    this.position += 1;
  }

  private scalar(): Json {
    scalar.lastIndex = this.position;
    const token = scalar.exec(this.text)?.[0];
    if (token === undefined) return this.fail();
    const value = JSON.parse(token) as Json;
    if (typeof value === 'number' && !isExact(value)) {
      refuse(
        'query.invalid_operation',
        'A whole number beyond 2^53 loses digits: write {"$numberLong": "…"}',
        {
          construct: 'number',
          position: this.position,
        },
      );
    }
    this.position += token.length;
    return value;
  }

  private expect(character: string): void {
    this.skip();
    if (this.text[this.position] !== character) this.fail();
    this.position += 1;
  }

  private skip(): void {
    space.lastIndex = this.position;
    this.position += space.exec(this.text)?.[0].length ?? 0;
  }

  private fail(position = this.position): never {
    refuse('query.syntax', 'The operation is not valid JSON', { position });
  }
}

/** Whether JSON has kept the number as it was written, as far as that can be told (RFC 8259 §6). */
function isExact(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}

/**
 * JSON (RFC 8259) in which no member is given twice: of two, readers keep the first or the last, so that what was analysed
 * need not be what runs. Objects have no prototype. @throws Refused
 */
export function parseStrictJson(text: string): StrictJson {
  const reader = new Reader(text);
  return { value: reader.read(), offsets: reader.offsets };
}
