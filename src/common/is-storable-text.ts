/** A UTF-16 surrogate without its other half: JSON can spell it (`\ud800`), UTF-8 cannot hold it. */
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** Whether PostgreSQL can hold `text`: its `text` has no NUL (22021) and its `jsonb` no lone surrogate (22P05). */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && !LONE_SURROGATE.test(text);
}
