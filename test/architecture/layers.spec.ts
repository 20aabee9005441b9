import { readdirSync } from 'node:fs';
import path from 'node:path';
import { readDocument, sectionOf, tableRows } from './markdown-table';

const root = path.join(__dirname, '..', '..');

interface Rule {
  readonly name: string;
  readonly from: { readonly path?: string };
  readonly to: { readonly pathNot?: string };
}

/** What each place may import, as the rules of dependency-cruiser have it. */
function enforced(): Record<string, string[]> {
  const { forbidden } = require('../../.dependency-cruiser.cjs') as { forbidden: readonly Rule[] };
  return Object.fromEntries(
    forbidden
      .filter(({ name }) => name.startsWith('layer: '))
      .map(({ name, to }) => {
        const [, places] = /^\^\(\?:(.*)\)\/$/.exec(to.pathNot ?? '') ?? [];
        return [name.slice('layer: '.length), [...new Set(places!.split('|'))].toSorted()];
      }),
  );
}

/** The same as ARCHITECTURE.md tells it: the lines above, itself, and on the first line its brothers. */
function documented(): Record<string, string[]> {
  const lines = tableRows(sectionOf(readDocument('ARCHITECTURE.md'), '## Layers')).map(({ folders }) =>
    [...(folders ?? '').matchAll(/`([^`]+)`/g)].map(([, folder]) => folder!),
  );
  return Object.fromEntries(
    lines.flatMap((line, index) =>
      line.map((folder) => {
        const own = index === 0 ? line : [folder];
        return [folder, [...new Set([...lines.slice(0, index).flat(), ...own])].toSorted()];
      }),
    ),
  );
}

describe('the layers of ARCHITECTURE.md', () => {
  it('are those that the lint step enforces', () => {
    expect(Object.keys(documented()).length).toBeGreaterThan(10);
    expect(documented()).toEqual(enforced());
  });

  it('hold every folder of the source', () => {
    const folders = ['src', 'src/modules'].flatMap((parent) =>
      readdirSync(path.join(root, parent), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && entry.name !== 'modules')
        .map(({ name }) => `${parent}/${name}`),
    );
    expect(folders.filter((folder) => !(folder in documented()))).toEqual([]);
  });
});
