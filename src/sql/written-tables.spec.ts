import { closeAnalysis } from './analyse';
import { writtenTablesMysql } from './mysql/written-tables';
import { writtenTablesSqlite } from './sqlite/written-tables';
import { findTable, type WrittenTable } from './written-tables';

const shown = ({ alias, relation, conditional }: WrittenTable): string =>
  `${alias}=${relation ? `${relation.schema ?? ''}.${relation.name}` : 'none'}${conditional ? '?' : ''}`;

describe('the tables that a statement writes', () => {
  afterAll(closeAnalysis);

  it.each([
    ['select 1', []],
    ['select * from people', ['people=.people']],
    ['select * from main.people p where id = 1', ['p=main.people?']],
    ['select * from a join (b join c on 1) on 2', ['a=.a', 'b=.b?', 'c=.c?']],
    ['select * from (select * from a where x) d', ['d=none', 'a=.a?']],
    ['select * from a where x in (select y from b)', ['a=.a?', 'b=.b']],
    ['with t as (select 1 from a) select * from t', ['t=.t', 'a=.a']],
    ['select * from json_each(1) j', ['j=none']],
    ['delete from main.a as x where y', ['x=main.a?']],
    ['update a set x = 1', ['a=.a']],
    ['explain query plan select * from "A b"', ['A b=.A b']],
  ])('are known of SQLite: %s', (text, expected) => {
    expect(writtenTablesSqlite(text).map(shown).toSorted()).toEqual(expected.toSorted());
  });

  it.each([
    ['select 1', []],
    ['select * from db.people as p, b', ['p=db.people', 'b=.b']],
    ['explain select * from `a``b` x', ['x=.a`b']],
    ['select * from (select * from a) d join b on 1', ['d=none', 'a=.a', 'b=.b']],
    ['select * from a where x in (select y from b)', ['a=.a', 'b=.b']],
    ['delete p from o p join q on 1', ['p=.o', 'q=.q']],
    ['update o set x = 1', ['o=.o']],
    ['select * from a as `q`', ['q=.a']],
  ])('are known of MySQL: %s', async (text, expected) => {
    expect((await writtenTablesMysql(text)).map(shown).toSorted()).toEqual(expected.toSorted());
  });

  it('are found by the name that the plan has', () => {
    const relations = [
      { schema: null, name: 'people' },
      { schema: null, name: 'secrets' },
    ];
    const meaning = (text: string, name: string): string | null | undefined => {
      const found = findTable(writtenTablesSqlite(text), relations, name);
      return found && (found.relation?.name ?? null);
    };
    expect(meaning('select * from people p', 'P')).toBe('people');
    // as a policy reads it, below the alias
    expect(meaning('select * from people p', 'people')).toBe('people');
    expect(meaning('insert into people values (1)', 'people')).toBe('people');
    expect(meaning('select * from people a union select * from secrets a', 'a')).toBeNull();
    expect(meaning('with t as (select 1) select * from t', 't')).toBeNull();
    expect(meaning('select * from (select 1) people', 'people')).toBeNull();
    expect(meaning('select * from people', 'salaries')).toBeUndefined();
  });
});
