import { AppError } from '../common/app-error';
import { chooseOverload, signatureOf } from './choose-overload';
import type { CallArguments, ProcedureDescription, ProcedureParameter } from './procedure';

const parameter = (name: string | null, more: Partial<ProcedureParameter> = {}): ProcedureParameter => ({
  name,
  mode: 'in',
  type: 'integer',
  kind: 'number',
  optional: false,
  ...more,
});
const procedure = (version: string, ...parameters: ProcedureParameter[]): ProcedureDescription => ({
  schema: 'shop',
  name: 'move',
  kind: 'procedure',
  parameters,
  returns: null,
  returnsSet: false,
  definerRights: false,
  version,
});
const text = { type: 'text', kind: 'text' } as const;

function chosen(candidates: ProcedureDescription[], args: CallArguments): unknown {
  try {
    const { procedure: one, values } = chooseOverload(candidates, args);
    return [one.version, Object.fromEntries(values)];
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

describe('chooseOverload', () => {
  const one = procedure(
    'one',
    parameter('a'),
    parameter('total', { mode: 'out' }),
    parameter('b', { mode: 'inout' }),
  );

  it('binds by place and by name, and leaves what only comes out alone', () => {
    expect(chosen([one], [1, 2])).toEqual(['one', { 0: 1, 2: 2 }]);
    expect(chosen([one], { b: 2, a: null })).toEqual(['one', { 0: null, 2: 2 }]);
  });

  it.each([
    [[1], 'It takes 2 parameters, 1 were sent'],
    [[1, 2, 3], 'It takes 2 parameters, 3 were sent'],
    [{ a: 1 }, 'These parameters are missing: b'],
    [{ a: 1, b: 2, c: 3 }, 'It takes no parameter "c"'],
    [{ a: 1, b: 2, total: 3 }, 'It takes no parameter "total"'],
    [{ a: 1, b: 2, __proto__x: 3 }, 'It takes no parameter "__proto__x"'],
  ])('refuses %j', (args, detail) => {
    expect(chosen([one], args as CallArguments)).toBe(`query.invalid_parameter: ${detail}`);
  });

  it('does not take what every object has for an argument', () => {
    const odd = procedure('odd', parameter('constructor'));
    expect(chosen([odd], {})).toBe('query.invalid_parameter: These parameters are missing: constructor');
    expect(chosen([odd], JSON.parse('{"constructor":1}'))).toEqual(['odd', { 0: 1 }]);
  });

  it('leaves places with a default out', () => {
    const optional = procedure('optional', parameter('a'), parameter('b', { optional: true }));
    expect(chosen([optional], [1])).toEqual(['optional', { 0: 1 }]);
    expect(chosen([optional], { a: 1 })).toEqual(['optional', { 0: 1 }]);
    expect(chosen([optional], [])).toBe('query.invalid_parameter: It takes 1 to 2 parameters, 0 were sent');
  });

  it('tells procedures of one name apart by number and kind of the values', () => {
    const all = [
      procedure('number', parameter('a')),
      procedure('text', parameter('a', text)),
      procedure('two', parameter('a'), parameter('b')),
    ];
    expect(chosen(all, [5])).toEqual(['number', { 0: 5 }]);
    expect(chosen(all, ['x'])).toEqual(['text', { 0: 'x' }]);
    expect(chosen(all, [1, 2])).toEqual(['two', { 0: 1, 1: 2 }]);
  });

  it('guesses nothing', () => {
    const all = [procedure('number', parameter('a')), procedure('text', parameter('a', text))];
    expect(chosen(all, [null])).toBe(
      'query.invalid_parameter: Several procedures take these parameters: shop.move(a integer); shop.move(a text)',
    );
    expect(chosen(all, [1, 2, 3])).toBe(
      'query.invalid_parameter: No procedure of that name takes these parameters: shop.move(a integer); shop.move(a text)',
    );
    expect(chosen([], [])).toBe('query.unknown_object: There is no such procedure');
  });

  it('writes a signature as it is declared', () => {
    expect(signatureOf(one)).toBe('shop.move(a integer, OUT total integer, INOUT b integer)');
  });
});
