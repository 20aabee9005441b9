import { leadingKeyword } from './leading-keyword';

const standard = { nested: true, mysql: false };
const mysql = { nested: false, mysql: true };

describe('the leading keyword', () => {
  it.each([
    ['select 1', 'select'],
    ['\n\t  SeLeCt 1', 'select'],
    ['-- begin\ncommit', 'commit'],
    ['--begin\ncommit', 'commit'],
    ['/* a /* b */ begin */ commit', 'commit'],
    ['/**/commit', 'commit'],
    ['  (select 1)', '('],
    ['# select\ncommit', ''],
    ['/* never closed commit', ''],
    ['', ''],
    [';commit', ''],
    ['"begin"', ''],
  ])('of %j in PostgreSQL is %j', (text, keyword) => {
    expect(leadingKeyword(text, standard)).toBe(keyword);
  });

  it.each([
    ['# select\ncommit', 'commit'],
    ['-- select\ncommit', 'commit'],
    ['--1 select', ''],
    ['/* a /* b */ begin not atomic commit; end */ select 1', 'begin'],
    ['/*! begin not atomic commit; end */ select 1', ''],
    ['/*M! begin */ select 1', ''],
    ['/*50000 x */ select 1', 'select'],
  ])('of %j in MySQL is %j', (text, keyword) => {
    expect(leadingKeyword(text, mysql)).toBe(keyword);
  });

  it('takes no longer than the text is long', () => {
    expect(leadingKeyword(`${'/**/ '.repeat(100_000)}commit`, standard)).toBe('commit');
  });
});
