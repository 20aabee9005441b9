import zlib from 'node:zlib';
import { chooseCoding } from './content-coding';

const zstd = 'createZstdCompress' in zlib;

describe('chooseCoding', () => {
  it.each([
    [undefined, null],
    ['', null],
    ['identity', null],
    ['deflate', null],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZIP, Deflate', 'gzip'],
    ['gzip, br', 'br'],
    ['gzip;q=1.0, br;q=0.5', 'gzip'],
    ['gzip;q=0', null],
    ['gzip;q=0.5, identity;q=0.8', null],
    ['gzip; q=nonsense', null],
    ['br;q=0, *', zstd ? 'zstd' : 'gzip'],
    ['zstd, gzip', zstd ? 'zstd' : 'gzip'],
  ])('answers %j with %j', (accept, coding) => {
    expect(chooseCoding(accept)).toBe(coding);
  });
});
