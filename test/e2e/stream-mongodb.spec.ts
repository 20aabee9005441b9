import mongoose from 'mongoose';
import { describeEngine, freshMongoDatabase, type FreshDatabase } from '../servers/servers';
import { startTestService, type TestService } from './service';
import { ndjsonOf, openStream, readStream, stream, type Streamed } from './stream-request';

describeEngine('mongodb', () => {
  describe('streams of MongoDB', () => {
    let service: TestService;
    let database: FreshDatabase;
    let connection: mongoose.Connection;
    let connectionId: string;

    beforeAll(async () => {
      [service, database] = await Promise.all([startTestService(), freshMongoDatabase()]);
      connection = await mongoose.createConnection(database.url).asPromise();
      // The last one has a member that none of the first portion has.
      await connection.collection<{ _id: number }>('numbers').insertMany(
        Array.from({ length: 3000 }, (_, n) => ({
          _id: n + 1,
          text: `number ${n + 1}`,
          ...(n === 2999 && { late: { a: 1 } }),
        })),
      );
      const created = await service.api('POST', '/api/database/connections', {
        name: 'm',
        type: 'mongodb',
        host: database.host,
        port: database.port,
        database: database.database,
        username: database.username,
        password: database.password,
        options: { authSource: new URL(database.url).searchParams.get('authSource') ?? 'admin' },
      });
      connectionId = created.body.id;
    });
    afterAll(async () => {
      await service?.close();
      await connection?.close();
      await database?.drop();
    });

    const all = { operation: 'find', collection: 'numbers', sort: { _id: 1 } };
    const ask = (query: unknown, format = 'ndjson'): Promise<Streamed> =>
      stream(service, { connectionId, query, format, token: service.admin });

    it('shows members that come late, in the rows and in the trailer', async () => {
      const { head, rows, trailer, sha256 } = ndjsonOf((await ask(all)).text);
      expect(head.columns.map(({ name }: any) => name)).toEqual(['_id', 'text']);
      expect(rows).toHaveLength(3000);
      expect(rows[2999]).toEqual({ _id: 3000, text: 'number 3000', late: { a: 1 } });
      expect(trailer).toMatchObject({ status: 'success', rowCount: 3000, sha256 });
      expect(trailer.columns.map(({ name }: any) => name)).toEqual(['_id', 'text', 'late']);
    });

    it('keeps them in a last column where the columns stand at the start', async () => {
      const lines = (await ask(all, 'csv')).text.trimEnd().split('\r\n');
      expect([lines[0], lines[1], lines[3000]]).toEqual([
        '_id,text,$more',
        '1,number 1,',
        '3000,number 3000,"{""late"":{""a"":1}}"',
      ]);
    });

    it('tells of a failure behind the first portion', async () => {
      const failing = {
        operation: 'aggregate',
        collection: 'numbers',
        pipeline: [{ $project: { x: { $divide: [1, { $subtract: ['$_id', 2500] }] } } }],
      };
      const { rows, trailer } = ndjsonOf((await ask(failing)).text);
      expect(rows.length).toBeGreaterThanOrEqual(100);
      expect(trailer).toMatchObject({ status: 'error', rowCount: rows.length });
      expect((await ask(failing, 'json')).broken).toBe(true);
    });

    it('stops on the server when it is cancelled', async () => {
      const endless = {
        operation: 'aggregate',
        collection: 'numbers',
        pipeline: [{ $lookup: { from: 'numbers', pipeline: [], as: 'all' } }, { $unwind: '$all' }],
      };
      const answer = await openStream(service, { connectionId, query: endless, token: service.admin });
      const id = String(answer.headers['x-query-id']);
      expect((await service.api('DELETE', `/api/database/query/${id}`)).status).toBe(204);
      const { trailer } = ndjsonOf((await readStream(answer)).text);
      expect(trailer.error.code).toBe('query.cancelled');
    });
  });
});
