import { rangeAnswer } from './conditional-range';

const ETAG = '"abc"';
const part = { status: 206, range: { first: 2, last: 4 } };
const whole = { status: 200, range: { first: 0, last: 9 } };

describe('rangeAnswer', () => {
  it.each([
    [{}, whole],
    [{ range: 'bytes=2-4' }, part],
    [{ range: 'bytes=2-4', 'if-range': ETAG }, part],
    [{ range: 'bytes=2-4', 'if-range': '"other"' }, whole],
    [{ range: 'bytes=2-4', 'if-range': `W/${ETAG}` }, whole],
    [{ range: 'bytes=2-4', 'if-range': 'Sat, 21 Nov 2026 05:00:00 GMT' }, whole],
    [{ range: 'bytes=90-', 'if-range': '"other"' }, whole],
    [{ range: 'bytes=90-' }, { status: 416 }],
    [{ range: 'bytes=2-4', 'if-none-match': `"x", W/${ETAG}` }, { status: 304 }],
    [{ 'if-none-match': '*' }, { status: 304 }],
    [{ 'if-none-match': '"x"' }, whole],
  ])('answers %j', (fields, answer) => {
    expect(rangeAnswer(fields, ETAG, 10)).toEqual(answer);
  });
});
