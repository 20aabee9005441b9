const list = (text: string, separator: string, radix = 10): string =>
  Array.from(text)
    .map((letter) => letter.charCodeAt(0).toString(radix))
    .join(separator);

const reversed = (text: string): string => Array.from(text).toReversed().join('');

/** What of the base64 of a longer text depends on `text` alone, at each of the three alignments. */
function base64Parts(text: string): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.from('\0'.repeat(shift) + text).toString('base64');
    const first = Math.ceil((shift * 4) / 3);
    const last = Math.floor(((shift + text.length) * 4) / 3);
    return encoded.slice(first, last);
  });
}

/** Longer values also stand for their encodings; those of short ones would be found by chance. */
const shortestEncoded = 6;

/** Texts that tell a canary: the plain one and its simple encodings, all in lower case. */
export function encodingsOf(canary: string): readonly string[] {
  if (canary.length < shortestEncoded) return [canary.toLowerCase()];
  const forms = [canary, canary.toUpperCase()].flatMap((text) => [
    text,
    reversed(text),
    list(text, '', 16),
    list(reversed(text), '', 16),
    list(text, '%', 16),
    list(text, '\\x', 16),
    list(text, '\\u00', 16),
    list(text, ';&#x', 16),
    list(text, ';&#'),
    ...[',', ', ', ' ', ':', '-', '|', '\n', ''].map((separator) => list(text, separator)),
    Array.from(text).join(' '),
    Array.from(text).join(','),
    Array.from(text).join('","'),
    Array.from(text).join('-'),
    ...base64Parts(text),
  ]);
  return [...new Set(forms.map((form) => form.toLowerCase()))].filter(
    (form) => form.length >= shortestEncoded,
  );
}

/** A short number stands for itself only: within times, ports and identifiers it is found by chance. */
function holds(shown: string, form: string): boolean {
  if (form.length >= shortestEncoded || !/^\d+$/.test(form)) return shown.includes(form);
  return new RegExp(`(?<![0-9a-z.])${form}(?![0-9a-z])`).test(shown);
}

/** A searcher for any of the canaries in any encoding. `asked` is what the caller wrote and therefore knew. */
export function canarySearch(canaries: readonly string[]): (text: string, asked?: string) => string | null {
  const forms = canaries.flatMap(encodingsOf);
  return (text, asked = '') => {
    const shown = withoutNoise(text).toLowerCase();
    const known = asked.toLowerCase();
    return forms.find((form) => holds(shown, form) && !known.includes(form)) ?? null;
  };
}

/** Hashes, identifiers and times hold any digits by chance. */
export function withoutNoise(text: string): string {
  const order = new Map<string, string>();
  return text
    .replace(/\b[0-9a-f]{64}\b/g, (hash) => {
      if (!order.has(hash)) order.set(hash, `hash${order.size + 1}`);
      return order.get(hash) ?? '';
    })
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, 'uuid');
}
