import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../common/app-error';

/**
 * The only body there is: JSON in UTF-8. Fastify's own parser would quietly replace bytes that are not UTF-8, and a
 * value that changes on its way into a database is worse than a refusal. `__proto__` and `constructor.prototype`
 * are refused.
 */
export function acceptOnlyJson(instance: FastifyInstance): void {
  const parse = instance.getDefaultJsonParser('error', 'error');
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer;
    // Clients that always send the header send it with DELETE and log-out, too.
    if (bytes.length === 0) return done(null, undefined);
    if (!isUtf8(bytes)) return done(new AppError('request.malformed', 'The body is not UTF-8'), undefined);
    return parse(request, bytes.toString('utf8'), done);
  });
}
