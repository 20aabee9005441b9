import { limitsOf, limitsOfPlan, MAX_PLAN_ROWS } from './limits';

describe('limitsOf', () => {
  const permission = { maxRowsPerQuery: 100, maxRowsPerWrite: null, maxExecutionTimeSeconds: 30 };

  it('takes the least of request, permission and service', () => {
    expect(limitsOf({ maxRows: 5, timeoutMs: 50 }, permission, 1000)).toMatchObject({
      maxRows: 5,
      timeoutMs: 50,
    });
    expect(limitsOf({ maxRows: 500, timeoutMs: 60_000 }, permission, 1000)).toMatchObject({
      maxRows: 100,
      timeoutMs: 30_000,
    });
    expect(limitsOf({}, { ...permission, maxRowsPerQuery: null }, 1000).maxRows).toBe(1000);
  });

  it('bounds what a write changes by the permission alone', () => {
    expect(limitsOf({ maxRows: 5 }, permission, 1000).maxChangedRows).toBe(Infinity);
    expect(limitsOf({ maxRows: 5 }, { ...permission, maxRowsPerWrite: 7 }, 1).maxChangedRows).toBe(7);
  });

  it('leaves a plan the time of the run, and all of its rows', () => {
    const limits = limitsOf({ maxRows: 1, timeoutMs: 50 }, { ...permission, maxRowsPerWrite: 7 }, 1);
    expect(limitsOfPlan(limits)).toEqual({
      maxRows: MAX_PLAN_ROWS,
      maxChangedRows: Infinity,
      timeoutMs: 50,
    });
  });
});
