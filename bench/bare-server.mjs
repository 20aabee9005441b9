// The ceiling: Fastify and the driver, without credentials, permissions, policies, records or limits.
import Fastify from 'fastify';
import pg from 'pg';

const pool = new pg.Pool({
  connectionString: process.env.BENCH_DATABASE_URL,
  max: Number(process.env.BENCH_POOL),
});
const app = Fastify();
app.post('/query', async (request) => {
  const { query, params } = request.body;
  const { rows, rowCount } = await pool.query(query, params);
  return { data: rows, rowCount };
});
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${JSON.stringify({ url })}\n`);
process.stdin.resume().once('end', () => process.exit(0));
