import { BadRequestException, HttpException, NotFoundException } from '@nestjs/common';
import { AppError } from '../common/app-error';
import { toAppError } from './to-app-error';

const failure = (members: object): Error => Object.assign(new Error('canary text'), members);

describe('toAppError', () => {
  it.each([
    ['its own kind', new AppError('setting.unknown'), 'setting.unknown'],
    ['a path that is not there', new NotFoundException('Cannot GET /?canary'), 'request.not_found'],
    ['Nest’s bad request', new BadRequestException('canary'), 'request.malformed'],
    ['a status nobody planned', new HttpException('canary', 418), 'service.internal'],
    ['a large body', failure({ code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }), 'request.too_large'],
    ['a fault of Fastify', failure({ code: 'FST_ERR_HOOK_INVALID', statusCode: 500 }), 'service.internal'],
    ['a database that stops', failure({ code: '57P01' }), 'service.unavailable'],
    [
      'a database that is not there',
      failure({ code: 'ECONNREFUSED', syscall: 'connect' }),
      'service.unavailable',
    ],
    ['a wrong statement', failure({ code: '42601' }), 'service.internal'],
    ['a bug', new TypeError('canary'), 'service.internal'],
    ['what is no error', 'canary', 'service.internal'],
    ['nothing', undefined, 'service.internal'],
  ])('answers %s', (_, thrown, code) => {
    const error = toAppError(thrown);
    expect(error.code).toBe(code);
    expect(JSON.stringify([error.message, error.extra, error.errors])).not.toContain('canary');
  });
});
