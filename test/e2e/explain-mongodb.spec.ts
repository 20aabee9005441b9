import mongoose from 'mongoose';
import { describeEngine, freshMongoDatabase, type FreshDatabase } from '../servers/servers';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

interface Node {
  readonly operation: string;
  readonly children: readonly Node[];
  readonly [member: string]: unknown;
}

const nodesOf = (node: Node): Node[] => [node, ...node.children.flatMap(nodesOf)];

describeEngine('mongodb', () => {
  describe('plans over HTTP', () => {
    let service: TestService;
    let database: FreshDatabase;
    let connection: mongoose.Connection;
    let connectionId: string;
    let user: TestUser;

    beforeAll(async () => {
      [service, database] = await Promise.all([startTestService(), freshMongoDatabase()]);
      connection = await mongoose.createConnection(database.url).asPromise();
      await connection.collection('people').insertMany([
        { _id: 1, name: 'Ada', email: 'ada@example.org', born: 1815 },
        { _id: 2, name: 'Grace', email: 'grace@example.org', born: 1906 },
      ] as never[]);
      await connection.collection('pets').insertOne({ _id: 1, owner: 1 } as never);
      await connection.collection('secrets').insertOne({ _id: 1, value: 'hush' } as never);
      await connection.collection('people').createIndex({ born: 1 });
      await connection.db?.command({
        create: 'peek',
        viewOn: 'secrets',
        pipeline: [{ $match: { value: 'canary' } }],
      });
      const created = await service.api('POST', '/api/database/connections', {
        name: 'm',
        type: 'mongodb',
        host: database.host,
        port: database.port,
        database: database.database,
        username: database.username,
        password: database.password,
        readOnly: false,
        options: { authSource: new URL(database.url).searchParams.get('authSource') ?? 'admin' },
      });
      connectionId = created.body.id;
      user = await service.user('user');
      const path = `/api/database/connections/${connectionId}/permissions/${user.id}`;
      await service.api('PUT', path, { canWrite: true, allowedTables: ['people', 'pets', 'peek'] });
    });
    afterAll(async () => {
      await service?.close();
      await connection?.close();
      await database?.drop();
    });

    const post = (path: string, query: unknown): Promise<Answer> =>
      service.api('POST', `/api/database/query${path}`, { connectionId, query }, user.token);
    const explain = (query: unknown): Promise<Answer> => post('/explain', query);
    const onPeople = (operation: string, more: object = {}): object => ({
      operation,
      collection: 'people',
      ...more,
    });

    it('answers look-ups by key and by index, and warns of scans under a condition', async () => {
      const byKey = await explain(onPeople('find', { filter: { _id: 1 } }));
      expect([byKey.status, byKey.text]).toEqual([200, expect.any(String)]);
      expect(byKey.body).toMatchObject({
        success: true,
        statement: 'find',
        plan: { operation: 'key_lookup', table: 'people' },
        warnings: [],
        metadata: { connectionId, engine: 'mongodb' },
      });
      const byIndex = await explain(onPeople('findOne', { filter: { born: 1906 } }));
      expect(nodesOf(byIndex.body.plan)).toContainEqual(expect.objectContaining({ index: 'born_1' }));
      const scan = await explain(
        onPeople('find', { filter: { name: 'canary-constant' }, sort: { name: 1 } }),
      );
      expect(nodesOf(scan.body.plan).map(({ operation }) => operation)).toEqual(['sort', 'full_scan']);
      expect(scan.body.warnings).toEqual([expect.objectContaining({ code: 'full_scan', table: 'people' })]);
      expect(scan.text).not.toContain('canary');
      expect((await explain(onPeople('find'))).body.warnings).toEqual([]);
    });

    it('answers for every operation that reads', async () => {
      const lookup = { $lookup: { from: 'pets', localField: '_id', foreignField: 'owner', as: 'pets' } };
      for (const [query, operation] of [
        [onPeople('aggregate', { pipeline: [{ $group: { _id: '$name' } }] }), 'aggregate'],
        [onPeople('aggregate', { pipeline: [lookup] }), 'nested_loop'],
        [onPeople('count', { filter: { name: 'Ada' } }), 'full_scan'],
        [onPeople('countDocuments'), 'full_scan'],
        [onPeople('estimatedDocumentCount'), 'aggregate'],
        [onPeople('distinct', { field: 'born' }), 'index_only_scan'],
        [onPeople('find', { limit: 1 }), 'limit'],
      ] as const) {
        const { status, body, text } = await explain(query);
        expect([status, text]).toEqual([200, expect.any(String)]);
        expect(nodesOf(body.plan).map((node) => node.operation)).toContain(operation);
      }
    });

    it('refuses as a run is refused, and what writes in any case', async () => {
      for (const query of [
        { operation: 'find', collection: 'secrets' },
        onPeople('aggregate', { pipeline: [{ $unionWith: 'secrets' }] }),
        onPeople('find', { filter: { $where: 'true' } }),
        onPeople('explain'),
        'nothing',
      ]) {
        const [plan, run] = [await explain(query), await post('', query)];
        expect([plan.status, plan.body.code, plan.body.detail]).toEqual([
          run.status,
          run.body.code,
          run.body.detail,
        ]);
        expect(plan.status).toBeGreaterThanOrEqual(400);
      }
      const documents = (): Promise<unknown> => connection.collection('people').find().toArray();
      const before = await documents();
      for (const query of [
        onPeople('deleteMany', { filter: {} }),
        onPeople('updateOne', { filter: { _id: 1 }, update: { $set: { name: 'changed' } } }),
        onPeople('insertOne', { document: { name: 'Alan' } }),
        onPeople('aggregate', { pipeline: [{ $out: 'pets' }] }),
      ]) {
        const { status, body } = await explain(query);
        expect([status, body.code]).toEqual([400, 'query.unsupported']);
      }
      expect(await documents()).toEqual(before);
      expect(await connection.collection('pets').countDocuments()).toBe(1);
    });

    it('is a run of the kind explain in history', async () => {
      const { body } = await explain(onPeople('find'));
      const [entry] = (await service.api('GET', '/api/database/history?limit=1', undefined, user.token)).body
        .items;
      expect(entry).toMatchObject({ id: body.queryId, status: 'success', statementKind: 'explain' });
    });

    it('names below a view only what the caller may read', async () => {
      const { status, text } = await explain({ operation: 'find', collection: 'peek', filter: { _id: 1 } });
      expect([status, text]).toEqual([200, expect.any(String)]);
      expect(text).not.toMatch(/secrets|canary|"index"/);
    });

    it('tells under policies neither what they hold nor what they hide', async () => {
      const items = [
        { table: 'people', column: 'email', mask: 'expression', expression: '{"$literal":"mask-canary"}' },
        { table: 'people', column: 'name', mask: 'name' },
        { table: 'people', rowFilter: '{"name":{"$ne":"filter-canary"},"born":{"$ne":987654}}' },
      ];
      const saved = await service.api('PUT', `/api/database/connections/${connectionId}/policies`, { items });
      expect(saved.status).toBe(200);
      for (const query of [
        onPeople('find'),
        onPeople('find', { filter: { born: 1906 } }),
        onPeople('aggregate', { pipeline: [{ $match: { $expr: { $gt: ['$born', 1] } } }] }),
        onPeople('count', { filter: { name: 'A' } }),
        onPeople('distinct', { field: 'email' }),
      ]) {
        const { status, text, body } = await explain(query);
        expect([status, text]).toEqual([200, expect.any(String)]);
        expect(text).not.toMatch(/canary|987654|\$ne|email|born|"index"|estimated/);
        expect(nodesOf(body.plan).map(({ table }) => table)).toContain('people');
      }
    });
  });
});
