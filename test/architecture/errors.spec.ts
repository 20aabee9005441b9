import { errorCatalog } from '../../src/common/errors/catalog';
import type { ErrorDefinition } from '../../src/common/errors/definition';
import { codeOf, readDocument, tableRows } from './markdown-table';

const documented = tableRows(readDocument('docs/errors.md'));

describe('docs/errors.md', () => {
  it('lists every code with what the code says of it, and no other', () => {
    const inCode = Object.entries<ErrorDefinition>(errorCatalog).map(([code, definition]) => ({
      code,
      status: String(definition.status),
      title: definition.title,
      fault: definition.fault,
      retry: definition.retryable === true ? 'yes' : '',
    }));
    const inDocument = documented.map(({ code, status, title, fault, retry }) => ({
      code: codeOf(code),
      status,
      title,
      fault,
      retry,
    }));
    expect(inDocument).toHaveLength(inCode.length);
    expect(inDocument).toEqual(expect.arrayContaining(inCode));
  });

  it('says what to do about each', () => {
    expect(documented.filter((row) => !row['what to do'])).toEqual([]);
  });
});
