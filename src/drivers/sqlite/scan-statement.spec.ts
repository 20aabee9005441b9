import { DatabaseSync } from '@photostructure/sqlite';
import { scanStatement } from './scan-statement';

describe('scanStatement', () => {
  it.each([
    ['select 1', false],
    ['select 1;', false],
    [';; select 1 ; -- done\n /* really */ ;', false],
    ["select ';' -- ; drop", false],
    ['select ";" from [a;b] where `c;d` = 1', false],
    ["select 'it''s; fine'", false],
    ['select 1 /* ; select 2', false],
    [
      'create trigger t after insert on a begin update a set x = case when 1 then 2 end; delete from a; end',
      false,
    ],
    ['create temp trigger t after insert on a begin select 1; end;', false],
    ['select 1; select 2', true],
    ["select ''';'; drop table a", true],
    ['select 1 /* */ ; /* */ 2', true],
    ['select [a]]; select 2', true],
    ['create trigger t after insert on a begin select 1; end; drop table a', true],
    ['create table trigger_begin(a); drop table a', true],
    ["select '\\'; drop table a", true],
  ])('%s', (text, hasTail) => {
    expect(scanStatement(text).hasTail).toBe(hasTail);
  });

  it('knows an empty text', () => {
    for (const text of ['', '  \n', ';;', '-- select 1', '/* select 1 */', '\uFEFF']) {
      expect(scanStatement(text).empty).toBe(true);
    }
  });

  it.each([
    ['select ?', 1],
    ['select ?, ?', 2],
    ['select ?3, ?', 4],
    ['select \'?\', "?", -- ?\n ?', 1],
    ['select a?b', 1],
    ['select 1', 0],
  ])('counts the parameters of %s', (text, count) => {
    expect(scanStatement(text).parameterCount).toBe(count);
  });

  it('finds parameters with names', () => {
    expect(scanStatement('select :a, @b').namedParameter).toBe(':a');
    expect(scanStatement('select $c').namedParameter).toBe('$c');
    expect(scanStatement("select a$b, ':c'").namedParameter).toBeNull();
  });

  it('sees every statement end that SQLite sees: whatever comes after it would not have run', () => {
    const db = new DatabaseSync(':memory:');
    const pieces = [
      "';'",
      '";"',
      '`;`',
      '[;]',
      '--;\n',
      '/*;*/',
      ';',
      ' ',
      '1',
      "'",
      '"',
      'x',
      '/*',
      '*/',
      '--',
      '\n',
    ];
    let seed = 7;
    const next = (): number => (seed = (seed * 48_271) % 2_147_483_647);
    const accepts = (text: string): boolean => {
      try {
        db.prepare(text).close();
        return true;
      } catch {
        return false;
      }
    };
    const texts = Array.from({ length: 20_000 }, () => {
      const middle = Array.from({ length: next() % 5 }, () => pieces[next() % pieces.length]).join('');
      return `select 1 ${middle} garbage that cannot run`;
    });
    // a text that ends in nonsense and yet is accepted has a tail that SQLite ignored, or hides it in a comment
    const checked = texts.filter((text) => !/--|\/\*/.test(text) && accepts(text));
    expect(checked.filter((text) => !scanStatement(text).hasTail)).toEqual([]);
    db.close();
    expect(checked.length).toBeGreaterThan(500);
  });
});
