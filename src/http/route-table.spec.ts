import { RouteTable } from './route-table';

describe('RouteTable', () => {
  const table = new RouteTable();
  table.add('/users', 'GET');
  table.add('/users', ['POST']);
  table.add('/users/:id', ['GET', 'DELETE']);
  table.add('/docs/*', 'GET');
  table.add('/a.b', 'GET');

  it.each([
    ['/users', ['GET', 'POST']],
    ['/users/', ['GET', 'POST']],
    ['/users/7', ['DELETE', 'GET']],
    ['/users/7/x', []],
    ['/docs/a/b.css', ['GET']],
    ['/a.b', ['GET']],
    ['/aXb', []],
    ['/', []],
  ])('%s knows %j', (path, methods) => {
    expect(table.methodsOf(path)).toEqual(methods);
  });
});
