/** Offsets in UTF-8 bytes, as C parsers give them, to UTF-16 offsets into `text`. */
export function fromUtf8Offsets(text: string): (offset: number) => number {
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes === text.length) return (offset) => offset;
  const positions = new Uint32Array(bytes + 1);
  let byte = 0;
  let position = 0;
  for (const character of text) {
    positions.fill(position, byte, (byte += Buffer.byteLength(character, 'utf8')));
    position += character.length;
  }
  positions[bytes] = position;
  return (offset) => positions[Math.min(offset, bytes)] ?? position;
}

/** An offset in characters (code points) to the UTF-16 offset into `text`. */
export function fromCodePointOffset(text: string, offset: number): number {
  let position = 0;
  for (let seen = 0; seen < offset && position < text.length; seen += 1)
    position += (text.codePointAt(position) ?? 0) > 0xffff ? 2 : 1;
  return position;
}
