import 'reflect-metadata';
import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { DiscoveryModule, DiscoveryService, NestFactory } from '@nestjs/core';
import { AppModule } from '../../src/app.module';
import { hasRight, ROUTE_ACCESS, type RouteAccess } from '../../src/common/access';
import { testConfig } from '../e2e/test-config';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';

interface Route {
  readonly name: string;
  readonly access: RouteAccess | undefined;
}

describe('routes', () => {
  let database: FreshDatabase;
  let routes: Route[];

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    const module = {
      ...AppModule.forRoot(testConfig(), {
        url: database.url,
        embedded: false,
        stop: async () => undefined,
      }),
    };
    const app = await NestFactory.createApplicationContext(
      { ...module, imports: [...(module.imports ?? []), DiscoveryModule] },
      { logger: false, abortOnError: false },
    );
    routes = app
      .get(DiscoveryService)
      .getControllers()
      .flatMap(({ metatype }) => (metatype ? routesOf(metatype as Controller) : []));
    await app.close();
  });
  afterAll(() => database.drop());

  it('each state whom they let in', () => {
    expect(routes.length).toBeGreaterThan(25);
    expect(routes.filter(({ access }) => access === undefined)).toEqual([]);
  });

  it('are open only where the interface says so', () => {
    const open = routes.filter(({ access }) => access?.kind === 'public').map(({ name }) => name);
    expect(open.toSorted()).toEqual([
      'GET /health/live',
      'GET /health/ready',
      'POST /auth/login',
      'POST /auth/refresh',
    ]);
  });

  it('let a viewer run nothing and manage nothing but what is their own', () => {
    const forbidden = [
      'query.run',
      'users.manage',
      'settings.manage',
      'connections.manage',
      'audit.read',
    ] as const;
    expect(forbidden.filter((right) => hasRight('viewer', right))).toEqual([]);
    expect(hasRight('user', 'query.run')).toBe(true);
    expect(forbidden.slice(1).filter((right) => hasRight('user', right))).toEqual([]);
  });
});

type Controller = new (...args: never[]) => Record<string, unknown>;

function routesOf(controller: Controller): Route[] {
  const base = Reflect.getMetadata(PATH_METADATA, controller) as string;
  return Object.getOwnPropertyNames(controller.prototype).flatMap((name) => {
    const handler = controller.prototype[name] as object;
    if (typeof handler !== 'function') return [];
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    if (method === undefined) return [];
    const path = [base, Reflect.getMetadata(PATH_METADATA, handler) as string].join('/').replace(/\/+/g, '/');
    return [
      {
        name: `${RequestMethod[method]} /${path.replace(/^\/|\/$/g, '')}`,
        access: (Reflect.getMetadata(ROUTE_ACCESS, handler) ??
          Reflect.getMetadata(ROUTE_ACCESS, controller)) as RouteAccess | undefined,
      },
    ];
  });
}
