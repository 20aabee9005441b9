import { randomBytes, randomUUID } from 'node:crypto';
import { RefreshTokens } from './refresh-token';

describe('RefreshTokens', () => {
  const tokens = new RefreshTokens(randomBytes(48));
  const sessionId = randomUUID();

  it('reads what it issued', () => {
    const issued = tokens.issue(sessionId);
    expect(tokens.parse(issued.text)).toEqual(issued);
    expect(issued.text).toMatch(/^[0-9a-f-]{36}\.[\w-]{43}$/);
    expect(issued.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('takes nothing that it did not issue', () => {
    const { text } = tokens.issue(sessionId);
    const [, secret] = text.split('.');
    const forged = [
      `${sessionId}.${randomBytes(32).toString('base64url')}`,
      `${randomUUID()}.${secret}`,
      new RefreshTokens(randomBytes(48)).issue(sessionId).text,
      text.toUpperCase(),
      `${text}=`,
      `${text}\n`,
      '',
    ];
    expect(forged.map((value) => tokens.parse(value))).toEqual(forged.map(() => null));
  });

  it('takes one spelling of a token only', () => {
    const { text } = tokens.issue(sessionId);
    const last = text.at(-1)!;
    // 32 bytes leave two bits of the last character unused: other characters decode to the same bytes.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const other = alphabet[alphabet.indexOf(last) ^ 1]!;
    const respelled = tokens.parse(text.slice(0, -1) + other);
    expect(respelled?.hash ?? null).toBeNull();
  });
});
