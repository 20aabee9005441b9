import * as mysql from './mysql';
import * as postgresql from './postgresql';
import * as sqlite from './sqlite';

describe('quoting', () => {
  it('lets no name end its quotes', () => {
    const name = 'a"b`c\\';
    expect([postgresql, mysql, sqlite].map(({ quoteIdentifier }) => quoteIdentifier(name))).toEqual([
      '"a""b`c\\"',
      '`a"b``c\\`',
      '"a""b`c\\"',
    ]);
  });

  it('lets no text end its quotes, whatever a backslash means to the dialect', () => {
    const texts = ["it's", "\\'; --", "''"];
    expect(texts.map(postgresql.quoteText)).toEqual(["'it''s'", "E'\\\\''; --'", "''''''"]);
    expect(texts.map(mysql.quoteText)).toEqual(["'it\\'s'", "'\\\\\\'; --'", "'\\'\\''"]);
    expect(texts.map(sqlite.quoteText)).toEqual(["'it''s'", "'\\''; --'", "''''''"]);
  });

  it('quotes a schema apart from the name', () => {
    expect(postgresql.quoteRelation({ schema: 'a.b', name: 'c' })).toBe('"a.b"."c"');
    expect(mysql.quoteRelation({ schema: 'a.b', name: 'c' })).toBe('`a.b`.`c`');
    expect(postgresql.quoteRelation({ schema: null, name: 'a.b' })).toBe('"a.b"');
  });
});
