import { toOpenApi31 } from './to-open-api-31';

describe('toOpenApi31', () => {
  it.each([
    [{ type: 'string', nullable: true }, { type: ['string', 'null'] }],
    [
      { type: 'string', enum: ['a'], nullable: true },
      { type: ['string', 'null'], enum: ['a', null] },
    ],
    [{ type: 'string', nullable: false }, { type: 'string' }],
    [
      { allOf: [{ $ref: '#/x' }], nullable: true, description: 'd' },
      { oneOf: [{ $ref: '#/x' }, { type: 'null' }], description: 'd' },
    ],
    [
      { properties: { nullable: { type: 'boolean' } }, list: [{ type: 'number', nullable: true }] },
      { properties: { nullable: { type: 'boolean' } }, list: [{ type: ['number', 'null'] }] },
    ],
  ])('turns %j into %j', (given, expected) => {
    expect(toOpenApi31(given)).toEqual(expected);
  });
});
