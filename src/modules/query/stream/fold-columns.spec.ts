import { RawJson } from '../../../drivers/cell';
import type { ResultColumn } from '../query-result';
import { foldColumns } from './fold-columns';

const column = (name: string): ResultColumn => ({ name, type: 'text', nativeType: 'string', masked: false });

describe('foldColumns', () => {
  it('gathers what came later in a last column', () => {
    const folded = foldColumns([column('a'), column('b')]);
    expect(folded.columns.map(({ name }) => name)).toEqual(['a', 'b', '$more']);
    const known = [column('a'), column('b'), column('c'), column('d"e')];
    expect(
      folded.fold([['1'], ['1', '2'], ['1', '2', null], ['1', null, 'x', new RawJson('{"y":1}')]], known),
    ).toEqual([
      ['1', null, null],
      ['1', '2', null],
      ['1', '2', null],
      ['1', null, new RawJson('{"c":"x","d\\"e":{"y":1}}')],
    ]);
  });

  it('finds another name when a member has that one', () => {
    expect(foldColumns([column('$more')]).columns.map(({ name }) => name)).toEqual(['$more', '$more_2']);
  });
});
