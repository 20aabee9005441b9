import { limitsOf } from './limits';

describe('limitsOf', () => {
  const permission = { maxRowsPerQuery: 100, maxExecutionTimeSeconds: 30 };

  it('takes the least of request, permission and service', () => {
    expect(limitsOf({ maxRows: 5, timeoutMs: 50 }, permission, 1000)).toEqual({ maxRows: 5, timeoutMs: 50 });
    expect(limitsOf({ maxRows: 500, timeoutMs: 60_000 }, permission, 1000)).toEqual({
      maxRows: 100,
      timeoutMs: 30_000,
    });
    expect(limitsOf({}, permission, 10)).toEqual({ maxRows: 10, timeoutMs: 30_000 });
    expect(limitsOf({}, { ...permission, maxRowsPerQuery: null }, 1000).maxRows).toBe(1000);
  });
});
