import { closeParser, parseInWorker } from './parse-in-worker';

afterAll(() => closeParser());

describe('the parser in its worker', () => {
  it('answers statements that arrive together each with its own tree', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) => parseInWorker(`select ${index} from t${index}`)),
    );
    outcomes.forEach((outcome, index) => {
      expect(outcome).toMatchObject({ kind: 'tree' });
      expect(outcome.kind === 'tree' && outcome.json).toContain(`"t${index}"`);
    });
  });

  it('replaces a parser that a statement broke, and works on with the ones that wait', async () => {
    const outcomes = await Promise.all([
      parseInWorker(`select ${'1+'.repeat(5_000)}1`),
      parseInWorker('select 1'),
      parseInWorker(`select ${'1+'.repeat(5_000)}1`),
      parseInWorker('select nonsense from'),
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['broken', 'tree', 'broken', 'syntax']);
  });

  it('starts again after it was closed', async () => {
    await closeParser();
    expect(await parseInWorker('select 1')).toMatchObject({ kind: 'tree' });
  });
});
