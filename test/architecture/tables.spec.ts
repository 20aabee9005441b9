import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { codeOf, readDocument, sectionOf, tableRows } from './markdown-table';

const root = path.join(__dirname, '..', '..');
const ownerOf = new Map(
  tableRows(sectionOf(readDocument('ARCHITECTURE.md'), '## Tables')).map(({ table, owner }) => [
    codeOf(table)!,
    codeOf(owner),
  ]),
);

describe('the tables of ARCHITECTURE.md', () => {
  it('are those that the migrations make', () => {
    const folder = path.join(root, 'migrations');
    const made = readdirSync(folder)
      .filter((file) => file.endsWith('.up.sql'))
      .map((file) => readFileSync(path.join(folder, file), 'utf8'))
      .flatMap((sql) => [...sql.matchAll(/^CREATE (?:UNLOGGED )?TABLE (\w+)/gm)].map(([, name]) => name!));
    expect([...ownerOf.keys()].toSorted()).toEqual(made.toSorted());
  });

  it('belong to the module that has their entity', () => {
    const folder = path.join(root, 'src', 'modules');
    const entities = readdirSync(folder).flatMap((module) =>
      readdirSync(path.join(folder, module))
        .filter((file) => file.endsWith('.entity.ts'))
        .map((file) => readFileSync(path.join(folder, module, file), 'utf8'))
        .flatMap((text) => [...text.matchAll(/@Entity\('(\w+)'/g)].map(([, name]) => [name, module])),
    );
    expect(entities.length).toBeGreaterThan(10);
    expect(entities.filter(([name, module]) => ownerOf.get(name!) !== module)).toEqual([]);
  });
});
