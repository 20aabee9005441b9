import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { readDocument } from './markdown-table';

const root = path.join(__dirname, '..', '..');
const documents = ['', 'docs', 'docs/decisions'].flatMap((folder) =>
  readdirSync(path.join(root, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.posix.join(folder, file)),
);
const places = 'src test docs scripts migrations bench .ci'.split(' ').join('|').replace('.', '\\.');
/** Named where it is told how to make them. */
const toBeMade = ['src/modules/shards', 'src/drivers/mssql/description.ts', 'test/contract/mssql.spec.ts'];

describe.each(documents)('%s', (name) => {
  const text = readDocument(name);

  it('links to documents that are there', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, link]) => link!);
    expect(links.filter((link) => !existsSync(path.join(root, path.dirname(name), link)))).toEqual([]);
  });

  it('links to headings that are there', () => {
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    );
    const links = [...text.matchAll(/\]\(#([^)]*)\)/g)].map(([, link]) => link!);
    expect(links.filter((link) => !headings.includes(link))).toEqual([]);
  });

  it('names files that are there', () => {
    const files = [...text.matchAll(new RegExp(`\`((?:${places})/[\\w./-]*\\w/?)\``, 'g'))].map(
      ([, file]) => file!,
    );
    const missing = files.filter((file) => !existsSync(path.join(root, file)));
    expect(missing.filter((file) => !toBeMade.includes(file))).toEqual([]);
  });
});
