/**
 * Built-ins that look at one row only and give the same on every server, whatever its time zone. What is not listed may
 * be an aggregate, or differ.
 */
const rowwise: ReadonlySet<string> = new Set([
  ...['lower', 'upper', 'length', 'char_length', 'character_length', 'octet_length', 'concat', 'concat_ws'],
  ...[
    'trim',
    'ltrim',
    'rtrim',
    'btrim',
    'substring',
    'substr',
    'left',
    'right',
    'replace',
    'reverse',
    'lpad',
  ],
  ...[
    'rpad',
    'coalesce',
    'ifnull',
    'nullif',
    'greatest',
    'least',
    'abs',
    'round',
    'floor',
    'ceil',
    'ceiling',
  ],
  ...['sign', 'mod', 'year', 'month', 'day', 'dayofmonth', 'quarter', 'hour', 'minute', 'second', 'date'],
]);

export function isRowwise(name: string): boolean {
  return rowwise.has(name.toLowerCase());
}
