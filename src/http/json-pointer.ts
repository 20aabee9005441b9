/** Appends one member to a JSON Pointer (RFC 6901, section 3). */
export function pointerTo(parent: string, member: string | number): string {
  return `${parent}/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
