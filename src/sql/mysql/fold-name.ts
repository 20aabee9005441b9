/**
 * Two names of columns are one when they fold alike: letter by letter, as the server's table of cases has it, in which
 * the dotted capital I folds to one letter where Unicode gives two.
 */
export function foldName(name: string): string {
  return name.replaceAll('İ', 'i').toLowerCase();
}
