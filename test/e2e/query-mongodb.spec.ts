import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { describeEngine, freshMongoDatabase, type FreshDatabase } from '../servers/servers';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

describeEngine('mongodb', () => {
  describe('queries over HTTP', () => {
    let service: TestService;
    let database: FreshDatabase;
    let connection: mongoose.Connection;
    let connectionId: string;
    let user: TestUser;

    beforeAll(async () => {
      [service, database] = await Promise.all([startTestService(), freshMongoDatabase()]);
      connection = await mongoose.createConnection(database.url).asPromise();
      await connection.collection<{ _id: number }>('people').insertMany([
        { _id: 1, name: 'Ada', email: 'ada@example.org', born: 1815 },
        { _id: 2, name: 'Grace', email: 'grace@example.org', born: 1906 },
        { _id: 3, name: 'Edsger', born: mongoose.mongo.Long.fromString('9007199254740993') },
      ] as unknown as { _id: number }[]);
      await connection
        .collection<{ _id: number }>('secrets')
        .insertOne({ _id: 1, value: 'canary-value' } as never);
      await connection
        .collection<{ _id: number }>('numbers')
        .insertMany(Array.from({ length: 50 }, (_, n) => ({ _id: n + 1 })));
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
      await permit({ allowedTables: ['people', 'numbers'] });
    });
    afterAll(async () => {
      await service?.close();
      await connection?.close();
      await database?.drop();
    });

    const permit = (permission: object): Promise<Answer> =>
      service.api('PUT', `/api/database/connections/${connectionId}/permissions/${user.id}`, permission);
    const ask = (query: unknown, more: object = {}): Promise<Answer> =>
      service.api(
        'POST',
        '/api/database/query',
        { connectionId, query, cache: 'bypass', ...more },
        user.token,
      );
    const onPeople = (operation: string, more: object = {}): object => ({
      operation,
      collection: 'people',
      ...more,
    });
    const pipeline = (...stages: object[]): object => ({
      operation: 'aggregate',
      collection: 'people',
      pipeline: stages,
    });
    /** Takes for ever unless it is stopped: 10¹⁰ documents, none of which matches. */
    const endless = pipeline(
      { $project: { i: { $range: [0, 100_000] } } },
      { $unwind: '$i' },
      { $set: { j: { $range: [0, 100_000] } } },
      { $unwind: '$j' },
      { $match: { $expr: { $lt: ['$j', -1] } } },
    );
    const running = async (): Promise<any[]> =>
      (await service.api('GET', '/api/database/query/running', undefined, user.token)).body.items;
    const waitForRunning = async (): Promise<string> => {
      for (let n = 0; n < 300; n++) {
        const [found] = await running();
        if (found) return found.queryId;
        await sleep(20);
      }
      throw new Error('it never ran');
    };
    const onServer = async (): Promise<number> => {
      const operations = await connection
        .getClient()
        .db('admin')
        .aggregate([{ $currentOp: { allUsers: true, idleCursors: true } }])
        .toArray();
      // Other tests have operations on this server, too.
      const texts = operations.map((operation) => JSON.stringify(operation));
      return texts.filter((text) => text.includes('100000') && text.includes(database.database)).length;
    };

    it('finds, aggregates and counts, as an object or as text', async () => {
      const found = await ask(onPeople('find', { sort: { _id: 1 }, projection: { email: 0 } }));
      expect(found.body).toMatchObject({
        success: true,
        data: [
          { _id: 1, name: 'Ada', born: '1815' },
          { _id: 2, name: 'Grace', born: '1906' },
          { _id: 3, name: 'Edsger', born: '9007199254740993' },
        ],
        rowCount: 3,
        truncated: false,
        metadata: { engine: 'mongodb', statement: 'find' },
      });
      const old = { $match: { born: { $lt: 1900 } } };
      const grouped = await ask(pipeline(old, { $group: { _id: null, n: { $sum: 1 } } }));
      expect(grouped.body.data).toEqual([{ _id: null, n: 1 }]);
      const counted = await ask(JSON.stringify(onPeople('count', { filter: { email: { $exists: true } } })));
      expect(Object.values(counted.body.data[0]).map(Number)).toEqual([2]);
      const distinct = await ask(onPeople('distinct', { field: 'name' }), { rowMode: 'array' });
      expect(distinct.body.data.flat().toSorted()).toEqual(['Ada', 'Edsger', 'Grace']);
    });

    it('tells exactly whether there were more', async () => {
      const numbers = { operation: 'find', collection: 'numbers', filter: { _id: { $lte: 10 } } };
      for (const [maxRows, rowCount, truncated] of [
        [9, 9, true],
        [10, 10, false],
        [11, 10, false],
      ]) {
        expect((await ask(numbers, { maxRows })).body).toMatchObject({ rowCount, truncated });
      }
    });

    it('takes 64-bit numbers as Extended JSON and rounds none', async () => {
      const exact = await ask(onPeople('find', { filter: { born: { $numberLong: '9007199254740993' } } }));
      expect(exact.body.data).toMatchObject([{ name: 'Edsger' }]);
      const rounded = `{"connectionId":"${connectionId}","query":{"operation":"find","collection":"people","filter":{"born":9007199254740993}}}`;
      const answer = await service.api('POST', '/api/database/query', rounded, user.token);
      expect(answer.body).toMatchObject({ code: 'request.invalid', errors: [{ path: '/query' }] });
      const text = await ask('{"operation":"find","collection":"people","filter":{"born":9007199254740993}}');
      expect(text.body.code).toBe('query.invalid_operation');
    });

    it.each([
      ['a collection', { operation: 'find', collection: 'secrets' }],
      [
        '$lookup',
        pipeline({ $lookup: { from: 'secrets', localField: '_id', foreignField: '_id', as: 's' } }),
      ],
      ['$lookup with a pipeline', pipeline({ $lookup: { from: 'secrets', pipeline: [], as: 's' } })],
      ['$unionWith', pipeline({ $unionWith: 'secrets' })],
      [
        '$unionWith inside $lookup',
        pipeline({ $lookup: { from: 'numbers', pipeline: [{ $unionWith: 'secrets' }], as: 's' } }),
      ],
      [
        '$lookup inside $facet',
        pipeline({ $facet: { a: [{ $lookup: { from: 'secrets', pipeline: [], as: 's' } }] } }),
      ],
      [
        '$graphLookup',
        pipeline({
          $graphLookup: {
            from: 'secrets',
            startWith: 1,
            connectFromField: '_id',
            connectToField: '_id',
            as: 's',
          },
        }),
      ],
      [
        'another database',
        pipeline({ $lookup: { from: { db: 'admin', coll: 'system.users' }, pipeline: [], as: 's' } }),
      ],
      ['the catalog', { operation: 'find', collection: 'system.namespaces' }],
    ])('does not read what is not permitted: %s', async (_name, query) => {
      const { status, body } = await ask(query);
      expect([status, body.code]).toEqual([403, 'permission.table_denied']);
      expect(JSON.stringify(body)).not.toContain('canary');
    });

    it('reads through $lookup what is permitted', async () => {
      const joined = pipeline(
        { $match: { _id: 1 } },
        { $lookup: { from: 'numbers', localField: '_id', foreignField: '_id', as: 'n' } },
        { $project: { _id: 0, n: { $size: '$n' } } },
      );
      expect((await ask(joined)).body.data).toEqual([{ n: 1 }]);
    });

    it.each([
      ['$out', pipeline({ $out: 'stolen' })],
      ['$merge', pipeline({ $merge: { into: 'people' } })],
      ['JavaScript', onPeople('find', { filter: { $where: 'sleep(1000)' } })],
      ['$function', pipeline({ $set: { x: { $function: { body: 'function(){}', args: [], lang: 'js' } } } })],
      ['$currentOp', { operation: 'aggregate', collection: 'people', pipeline: [{ $currentOp: {} }] }],
      ['a command', { operation: 'drop', collection: 'people' }],
      ['an insert', onPeople('insertOne', { document: { _id: 9 } })],
      ['an update', onPeople('updateMany', { filter: {}, update: { $set: { x: 1 } } })],
      ['a delete', onPeople('deleteMany', { filter: {} })],
      ['broken JSON', '{"operation":"find",'],
      ['a member twice', '{"operation":"find","collection":"people","collection":"secrets"}'],
      ['a prototype', '{"operation":"find","collection":"people","__proto__":{"x":1}}'],
    ])('refuses %s', async (_name, query) => {
      const { status, body } = await ask(query);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(body.code).toMatch(/^(?:query|permission|request)\./);
      expect(await connection.collection('people').countDocuments()).toBe(3);
      expect(await connection.listCollections()).toHaveLength(3);
    });

    it('writes with the permission to, where it is listed, and not where the connection only reads', async () => {
      const insert = onPeople('insertOne', { document: { _id: 10, name: 'Barbara' } });
      expect((await ask(insert)).body.code).toBe('permission.write_denied');
      await permit({ canWrite: true, allowedTables: ['people', 'numbers'], writableTables: ['people'] });
      expect((await ask(insert)).body).toMatchObject({ rowCount: 1, metadata: { affectedRows: 1 } });
      expect((await ask(insert)).body.code).toBe('query.constraint');
      expect((await ask({ ...insert, collection: 'numbers' })).body.code).toBe('permission.write_denied');
      expect((await ask(onPeople('deleteOne', { filter: { _id: 10 } }))).body.rowCount).toBe(1);
      await service.api('PATCH', `/api/database/connections/${connectionId}`, { readOnly: true });
      expect((await ask(insert)).body.code).toBe('query.read_only');
      await service.api('PATCH', `/api/database/connections/${connectionId}`, { readOnly: false });
      await permit({ allowedTables: ['people', 'numbers'] });
    });

    it('stops at the deadline and when it is cancelled, on the server, too', async () => {
      const late = await ask(endless, { timeoutMs: 300 });
      expect([late.status, late.body.code]).toEqual([504, 'query.timeout']);
      const asking = ask(endless, { timeoutMs: 30_000 });
      const queryId = await waitForRunning();
      await sleep(200);
      expect(
        (await service.api('DELETE', `/api/database/query/${queryId}`, undefined, user.token)).status,
      ).toBe(204);
      expect((await asking).body).toMatchObject({ code: 'query.cancelled', queryId });
      // The server takes an operation that it has killed off its list a moment later.
      for (let n = 0; n < 100 && (await onServer()) > 0; n++) await sleep(20);
      expect(await onServer()).toBe(0);
      expect((await ask(onPeople('count'))).status).toBe(200);
      const [item] = (await service.api('GET', '/api/database/status')).body.items;
      expect(item).toMatchObject({ state: 'up', pool: { waiting: 0 } });
    });

    it('records operations as they were asked', async () => {
      const { body } = await ask(onPeople('find', { filter: { _id: 1 } }));
      const { body: run } = await service.api('GET', `/api/database/history/${body.queryId}`);
      expect(run).toMatchObject({ status: 'success', statementKind: 'find', rowCount: 1 });
      expect(JSON.parse(run.statement)).toEqual(onPeople('find', { filter: { _id: 1 } }));
    });

    it('browses the collections that may be read, with the members found in them', async () => {
      const path = `/api/database/schema?connectionId=${connectionId}&refresh=true`;
      const { body, text } = await service.api('GET', path, undefined, user.token);
      expect(body.items.map(({ name }: any) => name)).toEqual(['numbers', 'people']);
      expect(text).not.toContain('secrets');
      const people = body.items.find(({ name }: any) => name === 'people');
      expect(people.columns.map(({ name }: any) => name).toSorted()).toEqual([
        '_id',
        'born',
        'email',
        'name',
      ]);
      expect(people.primaryKey).toEqual(['_id']);
      const hidden = `/api/database/schema/tables/secrets?connectionId=${connectionId}`;
      expect((await service.api('GET', hidden, undefined, user.token)).status).toBe(404);
    });
  });
});
