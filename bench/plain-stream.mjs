// The fastest plain program known: a cursor and hand-written encoding, no credentials, checks, records, proof or limits.
// It knows the query's columns by their types only, as the service does.
import http from 'node:http';
import pg from 'pg';
import Cursor from 'pg-cursor';

const BATCH_ROWS = 2000;
const pool = new pg.Pool({ connectionString: process.env.BENCH_DATABASE_URL, max: 4 });
/** Every value as the server's text. */
const types = { getTypeParser: () => (text) => text };
// oxlint-disable-next-line no-control-regex
const NEEDS_ESCAPE = /[\u0000-\u001f"\\\ud800-\udfff]/;

const encoders = {
  16: (text) => (text === 't' ? 'true' : 'false'),
  21: (text) => text,
  23: (text) => text,
  20: (text) => `"${text}"`,
  1700: (text) => `"${text}"`,
  1184: (text) => `"${text.replace(' ', 'T').replace('+00', 'Z')}"`,
};
const string = (text) => (NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`);

async function answer(request, response) {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { query, params } = JSON.parse(body);
  const client = await pool.connect();
  response.on('error', () => undefined);
  const cursor = client.query(new Cursor(query, params, { rowMode: 'array', types }));
  try {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    let encode = null;
    let keys = [];
    for (;;) {
      const rows = await cursor.read(BATCH_ROWS);
      if (rows.length === 0) break;
      const { fields } = cursor._result;
      encode ??= fields.map(({ dataTypeID }) => encoders[dataTypeID] ?? string);
      if (keys.length === 0)
        keys = fields.map(({ name }, index) => `${index > 0 ? ',' : ''}${JSON.stringify(name)}:`);
      let text = '';
      for (const row of rows) {
        text += '{';
        for (let index = 0; index < keys.length; index++) {
          const cell = row[index];
          text += keys[index] + (cell === null ? 'null' : encode[index](cell));
        }
        text += '}\n';
      }
      if (!response.write(text)) await new Promise((resolve) => response.once('drain', resolve));
    }
    response.end();
  } catch {
    response.destroy();
  } finally {
    await cursor.close();
    client.release();
  }
}

http
  .createServer((request, response) => void answer(request, response))
  .listen(0, '127.0.0.1', function () {
    process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${this.address().port}` })}\n`);
  });
process.stdin.resume().on('end', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
