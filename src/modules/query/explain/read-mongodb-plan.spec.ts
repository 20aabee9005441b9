import type { PlanStep } from './plan-node';
import { readMongodbPlan } from './read-mongodb-plan';
import recorded from './recorded-plans.json';

/** Answers of MongoDB's planner to `explain` with the verbosity `queryPlanner`. */
const plans: Readonly<Record<string, unknown>> = recorded.mongodb;

function outline({ operation, relation, index, children }: PlanStep): string {
  const read = [operation, relation?.name, index].filter((one) => one !== undefined).join(' ');
  return children.length === 0 ? read : `${read}(${children.map(outline).join(', ')})`;
}

const read = (name: string): PlanStep | null => readMongodbPlan(JSON.stringify(plans[name]));

describe('reading a plan of MongoDB', () => {
  it.each([
    ['byId', 'key_lookup people _id_'],
    ['scan', 'other(sort(full_scan people))'],
    ['index', 'index_scan people(index_scan people age_1)'],
    ['covered', 'other(index_only_scan people age_1)'],
    ['or', 'subquery(index_scan people(index_merge(index_scan people _id_, index_scan people age_1)))'],
    ['group', 'sort(aggregate(other(index_scan people(index_scan people age_1))))'],
    ['lookup', 'other(nested_loop(full_scan people, other pets))'],
    ['union', 'union(full_scan people, full_scan pets)'],
    ['facet', 'other(full_scan people)'],
    ['view', 'index_scan people(index_scan people age_1)'],
    ['fenced', 'other(other(limit(full_scan people)))'],
    ['countCommand', 'aggregate people'],
    ['distinct', 'other(index_only_scan people age_1)'],
    ['missing', 'values'],
  ])('has the steps of %s, and none of its conditions', (name, expected) => {
    const root = read(name);
    expect(root && outline(root)).toBe(expected);
    expect(JSON.stringify(root)).not.toMatch(/canary|mask|\$eq|owner/);
  });

  it('knows a scan under a condition, and reads the form of the slot-based engine', () => {
    expect(read('scan')?.children[0]?.children[0]).toMatchObject({ native: 'COLLSCAN', conditional: true });
    const answer = {
      queryPlanner: {
        namespace: 'd.a.b',
        winningPlan: { queryPlan: { stage: 'COLLSCAN' }, slotBasedPlan: {} },
      },
    };
    expect(readMongodbPlan(JSON.stringify(answer))).toMatchObject({
      operation: 'full_scan',
      relation: { name: 'a.b' },
      conditional: false,
    });
  });

  it('keeps what it does not know as other', () => {
    const plan = (stage: string): PlanStep | null =>
      readMongodbPlan(JSON.stringify({ queryPlanner: { winningPlan: { stage } } }));
    expect(plan('TELEPATHY')).toMatchObject({ operation: 'other', native: 'TELEPATHY' });
    expect(plan('canary value')).toMatchObject({ operation: 'other', native: 'unknown' });
    expect(readMongodbPlan('{"shards":{}}')).toBeNull();
  });
});
