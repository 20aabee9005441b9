import type { PlanStep } from './plan-node';
import { showPlan, type PlanSight } from './show-plan';

const scan: PlanStep = {
  operation: 'full_scan',
  native: 'Seq Scan',
  relation: { schema: 'public', name: 'orders' },
  alias: 'o',
  rows: 7,
  cost: 1.5,
  conditional: true,
  children: [],
};
const look: PlanStep = {
  operation: 'index_scan',
  native: 'Index Scan',
  relation: { schema: 'hidden', name: 'salaries' },
  alias: 'salaries',
  index: 'salaries_by_grade',
  rows: 1,
  children: [],
};
const join: PlanStep = { operation: 'nested_loop', native: 'Nested Loop', rows: 7, children: [scan, look] };
const sight: PlanSight = {
  unrestricted: true,
  tableOf: ({ schema, name }) => (schema === 'public' ? { schema, name } : null),
  isProtected: () => false,
  wrote: (name) => name === 'o',
};

describe('showing a plan', () => {
  it('has names, estimates and warnings where nothing is hidden', () => {
    const table = { schema: 'public', table: 'orders' };
    expect(showPlan({ ...scan, index: 'i' }, sight)).toEqual({
      plan: {
        operation: 'full_scan',
        native: 'Seq Scan',
        ...table,
        alias: 'o',
        index: 'i',
        estimatedRows: 7,
        estimatedCost: 1.5,
        children: [],
      },
      warnings: [expect.objectContaining({ code: 'full_scan', ...table, estimatedRows: 7 })],
    });
  });

  it('names neither a table that is not to be read nor its index, and estimates nothing then', () => {
    const { plan, warnings } = showPlan(join, sight);
    expect(plan.children[1]).toEqual({ operation: 'index_scan', native: 'Index Scan', children: [] });
    expect(JSON.stringify([plan, warnings])).not.toMatch(/estimated|salaries|hidden/);
    expect(plan.children[0]).toMatchObject({ table: 'orders' });
  });

  it.each<Partial<PlanSight>>([
    { unrestricted: false },
    // such as one that a function reads, which no rewriting has seen
    { isProtected: ({ name }) => name === 'orders' },
  ])('leaves out estimates and indexes where policies hold', (restriction) => {
    const shown = showPlan({ ...scan, index: 'i' }, { ...sight, ...restriction });
    expect(JSON.stringify(shown)).not.toMatch(/estimated|"index"/);
    expect(shown.warnings).toEqual([expect.objectContaining({ code: 'full_scan', table: 'orders' })]);
  });
});
