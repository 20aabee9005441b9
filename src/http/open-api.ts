import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { describeProblems } from './describe-problems';
import { toOpenApi31 } from './to-open-api-31';

/** Groups of operations, in the order in which the page shows them. */
const tags: readonly (readonly [name: string, description: string])[] = [
  ['Auth', 'Log-in, sessions, API keys: what everybody does for themselves.'],
  ['Users', 'People and programs; for administrators.'],
  ['Connections', 'Databases the service knows: configurations, tests, state.'],
  ['Permissions', 'Who may do what on which connection; for administrators.'],
  ['Policies', 'Masks, denied columns and row filters of a connection; for administrators.'],
  ['Query', 'Running and cancelling statements.'],
  [
    'Shards',
    'Groups of databases that share the rows of a group of tables, and statements sent to the right one.',
  ],
  ['Background runs', 'Statements that run when it is their turn, and results kept to be fetched.'],
  ['Saved queries', 'Statements kept under a name, and results kept for those who may look but not ask.'],
  ['History', 'Runs and refusals.'],
  ['Schema', 'Tables and columns of the connected databases, as far as the caller may read them.'],
  ['Audit', 'Who did what, from where, with which result; for administrators.'],
  ['Statistics', 'Runs by hour and by user; for administrators.'],
  ['Settings', 'What changes while the service runs; for administrators.'],
  ['Jobs', 'What one replica does for all now and then; for administrators.'],
  ['Health', 'Liveness, readiness, metrics.'],
];

export function buildOpenApi(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Sluice')
    .setDescription(
      'One governed gate in front of every database. Log in with `POST /api/auth/login`, then authorise this page with the access token, or with an API key.',
    )
    .setVersion('0.1.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key' }, 'api-key');
  for (const [name, description] of tags) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build(), {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}.${method}`,
  });
  return toOpenApi31(describeProblems(document));
}

/** Swagger UI at `/docs` from the service's own files, the document at `/openapi.json`. */
export function serveOpenApi(app: INestApplication, document: OpenAPIObject): void {
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Sluice',
    swaggerOptions: { persistAuthorization: false, tryItOutEnabled: true, displayRequestDuration: true },
  });
}
