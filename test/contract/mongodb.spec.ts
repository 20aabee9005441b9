import { connect as connectSocket, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { mongodbDriver } from '../../src/drivers/mongodb/mongodb-driver';
import { describeEngine, freshMongoDatabase } from '../servers/servers';
import { driverContract } from './driver-contract';

/** A relay in front of the server whose sockets can be cut: the server has no command for that. */
async function relayTo(host: string, port: number) {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connectSocket(port, host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut: async () => {
      for (const socket of sockets) socket.destroy();
      while (sockets.size > 0) await sleep(5);
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const json = (operation: object): { text: string } => ({ text: JSON.stringify(operation) });
const aggregate = (...pipeline: object[]) => json({ operation: 'aggregate', collection: 'one', pipeline });
const many = (marker: string): object[] => [
  { $project: { _id: 0, marker: { $literal: marker }, i: { $range: [0, 100_000] } } },
  { $unwind: '$i' },
  { $set: { j: { $range: [0, 1_000] } } },
  { $unwind: '$j' },
  { $set: { k: { $range: [0, 1_000] } } },
  { $unwind: '$k' },
];
const column = (name: string, type: string, nativeType: string, comment: string | null = null) => ({
  name,
  type: type as 'text',
  nativeType,
  nullable: name !== '_id' && name !== 'name',
  defaultExpression: null,
  primaryKey: name === '_id',
  comment,
});

describeEngine('mongodb', () => {
  driverContract({
    name: 'mongodb',
    load: () => Promise.resolve(mongodbDriver),
    async start() {
      const fresh = await freshMongoDatabase();
      const relay = await relayTo(fresh.host, fresh.port);
      const connection = await mongoose.createConnection(fresh.url).asPromise();
      const db = connection.getClient().db();
      await db.collection('one').insertOne({ _id: 1 as never });
      await db.collection<{ _id: number }>('dup').insertOne({ _id: 7 });
      await db.createCollection('known', {
        validator: {
          $jsonSchema: {
            required: ['name'],
            properties: { name: { bsonType: 'string', description: 'What it is called' } },
          },
        },
      });
      await db.createCollection('narrow', {
        viewOn: 'known',
        pipeline: [{ $match: { size: { $gt: 1 } } }],
        collation: { locale: 'en' },
      });
      await db.collection('changing').insertOne({ a: 1 });
      const known = db.collection('known');
      await known.insertMany([
        { name: 'secret-name', size: 1, tags: ['a'] },
        { name: 'two', size: 'large', tags: [] },
      ]);
      await known.createIndex({ name: 1, size: -1 }, { unique: true, name: 'by_name' });
      return {
        input: {
          host: '127.0.0.1',
          port: relay.port,
          database: fresh.database,
          username: fresh.username,
          password: fresh.password,
          options: { authSource: new URL(fresh.url).searchParams.get('authSource') ?? 'admin' },
        },
        running: async (marker) => {
          const pipeline = [{ $currentOp: { allUsers: true, idleCursors: true } }];
          const operations = await connection.getClient().db('admin').aggregate(pipeline).toArray();
          return operations.filter((operation) => {
            const { command, cursor } = operation as { command?: object; cursor?: object };
            return JSON.stringify([command, cursor]).includes(marker);
          }).length;
        },
        killSessions: async () => {
          await relay.cut();
          await sleep(20);
        },
        stop: async () => {
          await connection.close();
          await relay.cut();
          await relay.close();
          await fresh.drop();
        },
      };
    },
    get secret() {
      return new URL(
        (JSON.parse(process.env['SLUICE_TEST_SERVERS'] ?? '[]') as { engine: string; url: string }[]).find(
          ({ engine }) => engine === 'mongodb',
        )?.url ?? 'mongodb://none',
      ).password;
    },
    series: (count) => aggregate({ $project: { _id: 0, i: { $range: [1, count + 1] } } }, { $unwind: '$i' }),
    slow: (marker) => aggregate(...many(marker), { $match: { $expr: { $lt: ['$k', -1] } } }),
    endless: (marker) => aggregate(...many(marker)),
    exact: [
      {
        name: 'members of one type and of several',
        statement: aggregate(
          {
            $project: {
              _id: 0,
              a: {
                $literal: [
                  { n: 1, t: 'x' },
                  { n: 2, t: true, d: { x: [1] } },
                ],
              },
            },
          },
          { $unwind: '$a' },
          { $replaceRoot: { newRoot: '$a' } },
        ),
        columns: [
          { name: 'n', type: 'integer', nativeType: 'int' },
          { name: 't', type: 'mixed', nativeType: 'string|bool' },
          { name: 'd', type: 'json', nativeType: 'object' },
        ],
        rows: [
          [1, 'x'],
          [2, true, expect.objectContaining({ text: '{"x":[1]}' }) as never],
        ],
      },
    ],
    parameters: {
      statement: json({ operation: 'count', collection: 'one', filter: { _id: 1 } }),
      rows: [['1']],
    },
    empty: {
      statement: json({ operation: 'find', collection: 'known', filter: { name: 'nobody' } }),
      columns: [],
    },
    duplicates: null,
    failing: [
      { name: 'no JSON', statement: { text: '{"operation":' }, code: 'query.syntax' },
      { name: 'an empty text', statement: { text: ' ' }, code: 'query.empty' },
      { name: 'no object', statement: { text: '[]' }, code: 'query.invalid_operation' },
      {
        name: 'an unknown operation',
        statement: json({ operation: 'drop', collection: 'one' }),
        code: 'query.invalid_operation',
      },
      {
        name: 'a name of the prototype',
        statement: json({ operation: 'toString', collection: 'one' }),
        code: 'query.invalid_operation',
      },
      {
        name: 'an unknown member',
        statement: json({ operation: 'find', collection: 'one', let: {} }),
        code: 'query.invalid_operation',
      },
      {
        name: 'parameters',
        statement: { ...json({ operation: 'find', collection: 'one' }), values: [1] },
        code: 'query.invalid_parameter',
      },
      {
        name: 'an unknown operator',
        statement: json({ operation: 'find', collection: 'known', filter: { name: { $no: 1 } } }),
        code: 'query.invalid_operation',
      },
      {
        name: 'a value of the wrong type',
        statement: json({
          operation: 'aggregate',
          collection: 'known',
          pipeline: [{ $project: { x: { $add: ['$name', 1] } } }],
        }),
        code: 'query.invalid_value',
        hidden: 'secret-name',
      },
      {
        name: 'JavaScript',
        statement: json({ operation: 'find', collection: 'one', filter: { $where: '1' } }),
        code: 'query.unsupported',
      },
      {
        name: 'sessions of others',
        statement: json({ operation: 'aggregate', collection: 'one', pipeline: [{ $currentOp: {} }] }),
        code: 'query.unsupported',
      },
    ],
    writes: [
      json({ operation: 'insertOne', collection: 'written', document: { a: 1 } }),
      json({ operation: 'insertMany', collection: 'written', documents: [{}] }),
      json({ operation: 'updateMany', collection: 'known', filter: {}, update: { $set: { size: 0 } } }),
      json({ operation: 'deleteMany', collection: 'known', filter: {} }),
      json({ operation: 'replaceOne', collection: 'known', filter: {}, document: { name: 'x' } }),
      aggregate({ $out: 'written' }),
      aggregate({ $merge: { into: 'written' } }),
      aggregate({ $facet: { a: [{ $out: 'written' }] } }),
      aggregate({ $lookup: { from: 'one', as: 'x', pipeline: [{ $merge: 'written' }] } }),
      aggregate({
        $unionWith: {
          coll: 'one',
          pipeline: [{ $unionWith: { coll: 'one', pipeline: [{ $out: 'written' }] } }],
        },
      }),
    ],
    write: {
      statement: json({
        operation: 'insertMany',
        collection: 'written',
        documents: [{ a: 1 }, { a: 2 }, { a: 3 }],
      }),
      affected: 3,
      written: json({ operation: 'count', collection: 'written' }),
    },
    multiple: [
      {
        text: '{"operation":"count","collection":"one"}{"operation":"deleteMany","collection":"written","filter":{}}',
      },
    ],
    wrong: [
      {
        name: 'a wrong password',
        input: (input) => ({ ...input, password: 'wrong-password-9' }),
        code: 'connection.auth_failed',
      },
      {
        name: 'an unknown account',
        input: (input) => ({ ...input, username: 'nobody' }),
        code: 'connection.auth_failed',
      },
      { name: 'a closed port', input: (input) => ({ ...input, port: 1 }), code: 'connection.refused' },
      {
        name: 'an unknown host',
        input: (input) => ({ ...input, host: 'db.invalid' }),
        code: 'connection.host_not_found',
      },
    ],
    invalid: [
      { input: {}, paths: ['/host', '/database'] },
      { input: { host: 'h', port: 0, database: 'a.b' }, paths: ['/port', '/database'] },
      { input: { host: '/tmp/mongodb.sock', database: 'a' }, paths: ['/host'] },
      { input: { host: 'x.sock', database: 'a' }, paths: ['/host'] },
      { input: { host: 'h', database: 'a', username: 'u' }, paths: ['/password'] },
      { input: { connectionString: 'postgres://h/a' }, paths: ['/connectionString'] },
      {
        input: { connectionString: 'mongodb://h/a?tlsCAFile=/etc/passwd&proxyHost=p' },
        paths: ['/options/tlsCAFile', '/options/proxyHost'],
      },
      {
        input: { host: 'h', database: 'a', options: { readPreference: 'any' }, ssl: { mode: 'prefer' } },
        paths: ['/options/readPreference', '/ssl/mode'],
      },
    ],
    described: [
      {
        schema: null,
        name: 'known',
        kind: 'collection',
        columns: [],
        primaryKey: ['_id'],
        definition: null,
        ancestors: [],
        descendants: [],
      },
      {
        schema: null,
        name: 'narrow',
        kind: 'view',
        columns: [],
        primaryKey: ['_id'],
        definition: '{"viewOn":"known","pipeline":[{"$match":{"size":{"$gt":{"$numberInt":"1"}}}}]}',
        collation: expect.stringContaining('"locale":"en"') as string,
        ancestors: [],
        descendants: [],
      },
    ],
    changing: {
      relation: { schema: null, name: 'changing' },
      reads: json({ operation: 'find', collection: 'changing', projection: { _id: 0 } }),
      // $out makes a new collection and gives it the name of the old one
      changes: [aggregate({ $project: { b: '1' } }, { $out: 'changing' }), aggregate({ $out: 'changing' })],
    },
    procedure: { refused: 'MongoDB has no stored procedures' },

    table: {
      schema: null,
      name: 'known',
      kind: 'collection',
      comment: null,
      columns: [
        column('_id', 'objectid', 'objectId'),
        column('name', 'text', 'string', 'What it is called'),
        column('size', 'mixed', 'int|string'),
        column('tags', 'json', 'array'),
      ],
      indexes: [
        { name: '_id_', columns: ['_id'], unique: true },
        { name: 'by_name', columns: ['name', 'size'], unique: true },
      ],
      foreignKeys: [],
    },
  });
});
