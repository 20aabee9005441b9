import { buildServer } from '@platformatic/db';

const app = await buildServer({
  server: { hostname: '127.0.0.1', port: 0, logger: { level: 'error' } },
  db: {
    connectionString: process.env.BENCH_DATABASE_URL,
    poolSize: Number(process.env.BENCH_POOL),
    openapi: true,
    graphql: false,
    limit: { default: 100, max: 10_000 },
  },
});
process.stdout.write(`${JSON.stringify({ url: await app.start() })}\n`);
process.stdin.resume().once('end', () => process.exit(0));
