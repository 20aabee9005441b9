import { AppError } from '../../common/app-error';
import { parseQueryRequest } from './query-request';

function pathsOf(body: unknown): string[] {
  try {
    parseQueryRequest(body);
  } catch (error) {
    if (error instanceof AppError && error.code === 'request.invalid')
      return (error.errors ?? []).map(({ path }) => path);
    throw error;
  }
  return [];
}

describe('parseQueryRequest', () => {
  it('fills in what was not sent', () => {
    expect(parseQueryRequest({ query: 'select 1' })).toEqual({
      connectionId: undefined,
      text: 'select 1',
      params: [],
      maxRows: undefined,
      timeoutMs: undefined,
      rowMode: 'object',
      cache: 'use',
    });
  });

  it('takes an operation as an object', () => {
    expect(parseQueryRequest({ query: { operation: 'find', collection: 'a' } }).text).toBe(
      '{"operation":"find","collection":"a"}',
    );
  });

  it.each([[null], ['text'], [[]], [42]])('refuses the body %j', (body) => {
    expect(() => parseQueryRequest(body)).toThrow('must be a JSON object');
  });

  it('names every member that is wrong or unknown', () => {
    expect(
      pathsOf({
        query: 5,
        connectionId: 'x',
        params: {},
        maxRows: 0,
        timeoutMs: 1.5,
        rowMode: 'rows',
        cache: true,
        'a/b~c': 1,
        constructor: 1,
      }),
    ).toEqual([
      '/query',
      '/connectionId',
      '/params',
      '/maxRows',
      '/timeoutMs',
      '/rowMode',
      '/cache',
      '/a~1b~0c',
      '/constructor',
    ]);
    expect(pathsOf({})).toEqual(['/query']);
    expect(pathsOf({ query: 'select 1', params: ['a\0b'] })).toEqual(['/params']);
    expect(pathsOf({ query: 'select 1', params: [2 ** 53] })).toEqual(['/params']);
    expect(pathsOf({ query: { filter: { n: -(2 ** 63) } } })).toEqual(['/query']);
    expect(pathsOf({ query: 'select 1', params: [2 ** 53 - 1, 0.1, '9223372036854775807'] })).toEqual([]);
    expect(pathsOf({ query: 'select 1', params: Array.from({ length: 1001 }, () => 1) })).toEqual([
      '/params',
    ]);
  });
});
