/**
 * The worker as source text, because one file has to work from `dist`, under jest and under tsx: it needs nothing but
 * the path of the parser. A message `{ id, text }` is answered with `{ id, tree }` (JSON) or `{ id, error }`.
 */
export const parserWorkerSource = `
'use strict';
const { parentPort, workerData } = require('node:worker_threads');
const { init, Parser } = require(workerData.parser);
const ready = init();
parentPort.on('message', async ({ id, text }) => {
  try {
    await ready;
    parentPort.postMessage({ id, tree: JSON.stringify(Parser.parse(text, 'mysql')) });
  } catch (error) {
    parentPort.postMessage({ id, error: String(error && error.message) });
  }
});
`;
