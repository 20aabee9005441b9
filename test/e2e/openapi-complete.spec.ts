import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findFreePort } from '../../src/database/find-free-port';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';

const main = path.join(__dirname, '..', '..', 'dist', 'main.js');

/** Of the built program: half of the document is written by the compiler plugin. */
describe('the OpenAPI document', () => {
  let database: FreshDatabase;
  let dataDir: string;
  let service: ChildProcess;
  let document: any;
  let operations: { name: string; route: string; operation: any }[];

  beforeAll(async () => {
    if (!existsSync(main)) throw new Error('dist is missing: run `npm run build` first');
    database = await freshPostgresDatabase();
    dataDir = await mkdtemp(path.join(tmpdir(), 'sluice-openapi-'));
    const port = String(await findFreePort());
    service = spawn(process.execPath, [main], {
      env: {
        PATH: process.env.PATH,
        PORT: port,
        DATA_DIR: dataDir,
        DATABASE_URL: database.url,
        SAMPLES: 'false',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(service, 'exit').then(() => Promise.reject(new Error('the service does not start')));
    exit.catch(() => undefined);
    const ready = new Promise<void>((resolve) => {
      service.stdout!.on('data', (part: Buffer) => {
        if (part.toString().includes('Sluice is ready')) resolve();
      });
    });
    await Promise.race([ready, exit]);
    document = await (await fetch(`http://127.0.0.1:${port}/openapi.json`)).json();
    operations = Object.entries<any>(document.paths).flatMap(([route, item]) =>
      Object.entries<any>(item).map(([method, operation]) => ({
        name: `${method} ${route}`,
        route,
        operation,
      })),
    );
  });
  afterAll(async () => {
    if (service.exitCode === null) {
      service.kill('SIGTERM');
      await once(service, 'exit');
    }
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  const resolve = (schema: any): any =>
    schema.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)] : schema;
  const namesOf = (found: readonly { name: string }[]): string[] => found.map(({ name }) => name);

  it('describes every group of operations, and uses every one', () => {
    const described = document.tags.map((tag: { name: string }) => tag.name);
    expect(document.tags.filter((tag: { description?: string }) => !tag.description)).toEqual([]);
    const used = new Set<string>(operations.flatMap(({ operation }) => operation.tags));
    expect([...used].toSorted()).toEqual(described.toSorted());
  });

  it('says what every operation answers', () => {
    const mute = operations.filter(({ operation }) =>
      Object.entries<any>(operation.responses).some(([status, { content }]) => {
        if (!/^2/.test(status) || status === '204') return false;
        const [media] = Object.values<any>(content ?? {});
        const schema = media?.schema && resolve(media.schema);
        return !schema || (schema.type === 'object' && Object.keys(schema.properties ?? {}).length === 0);
      }),
    );
    expect(namesOf(mute)).toEqual([]);
  });

  it('documents the problems of every operation', () => {
    const silent = operations.filter(
      ({ operation }) =>
        operation.responses.default?.content?.['application/problem+json']?.schema?.$ref !==
        '#/components/schemas/Problem',
    );
    expect(namesOf(silent)).toEqual([]);
  });

  it('requires nothing that has a default, and every part of a path', () => {
    const wrong = operations.filter(({ route, operation }) => {
      const parameters: any[] = operation.parameters ?? [];
      const inPath = parameters.filter((parameter) => parameter.in === 'path');
      const parts = [...route.matchAll(/\{(\w+)\}/g)].map(([, part]) => part!);
      const named: string[] = inPath.map(({ name }) => name as string);
      return (
        parameters.some(({ required, schema }) => required && schema.default !== undefined) ||
        inPath.some(({ required }) => !required) ||
        parts.toSorted().join() !== named.toSorted().join()
      );
    });
    expect(namesOf(wrong)).toEqual([]);
  });

  it('names every operation once', () => {
    const ids = operations.map(({ operation }) => operation.operationId as string);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it('knows the query route: its body, several examples, and its answer', () => {
    const { requestBody, responses } = document.paths['/api/database/query'].post;
    const media = requestBody.content['application/json'];
    expect(Object.keys(media.examples)).toEqual(['sql', 'parameters', 'mongodb']);
    expect(media.schema.required).toEqual(['query']);
    const { schema } = responses['200'].content['application/json'];
    expect(schema.required).toEqual(expect.arrayContaining(['queryId', 'columns', 'data', 'truncated']));
  });

  it('leaves examples as they are', () => {
    const { schema } =
      document.paths['/api/database/schema/tables/{name}'].get.responses['200'].content['application/json'];
    expect(schema.example.columns[0]).toMatchObject({ name: 'id', nullable: false, default: null });
  });

  it('shows every member of a connection', () => {
    expect(Object.keys(document.components.schemas.Connection.properties)).toEqual(
      expect.arrayContaining(['id', 'name', 'type', 'readOnly', 'active', 'revision', 'isDefault']),
    );
  });
});
