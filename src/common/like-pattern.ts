/** A pattern of LIKE that matches `text` anywhere and nothing else: its wildcards are escaped with a backslash. */
export function containsPattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
