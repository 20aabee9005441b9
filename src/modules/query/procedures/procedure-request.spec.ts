import { AppError } from '../../../common/app-error';
import { queryMembers } from '../query-request.schema';
import { parseProcedureRequest } from './procedure-request';
import { procedureMembers } from './procedure-request.schema';

function isKnown(member: string): boolean {
  try {
    parseProcedureRequest({ [member]: null });
  } catch (error) {
    if (error instanceof AppError && error.code === 'request.invalid')
      return !error.errors?.some(
        ({ path, message }) => path === `/${member}` && message.includes('not a known'),
      );
    throw error;
  }
  return true;
}

describe('parseProcedureRequest', () => {
  it('knows the members that its schema has, and no other of a query', () => {
    const all = new Set([...Object.keys(queryMembers), ...Object.keys(procedureMembers)]);
    expect([...all].filter(isKnown).toSorted()).toEqual(Object.keys(procedureMembers).toSorted());
  });

  it('refuses to be told how old an answer may be', () => {
    expect(['cache', 'cacheTtlSeconds'].filter(isKnown)).toEqual([]);
    expect(['maxRows', 'timeoutMs', 'rowMode'].filter(isKnown)).toHaveLength(3);
  });
});
