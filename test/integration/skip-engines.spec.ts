import { skippedEngines } from '../servers/engine';

describe('SKIP_ENGINES', () => {
  const before = process.env['SKIP_ENGINES'];

  afterEach(() => {
    if (before === undefined) delete process.env['SKIP_ENGINES'];
    else process.env['SKIP_ENGINES'] = before;
  });

  it('names the engines to leave out', () => {
    process.env['SKIP_ENGINES'] = 'mariadb, mongodb';
    expect(skippedEngines()).toEqual(['mariadb', 'mongodb']);
  });

  it('skips nothing when empty', () => {
    process.env['SKIP_ENGINES'] = '';
    expect(skippedEngines()).toEqual([]);
  });

  it('refuses a name that is no engine', () => {
    process.env['SKIP_ENGINES'] = 'mysql';
    expect(() => skippedEngines()).toThrow('SKIP_ENGINES names mysql; the engines are postgresql');
  });
});
