import { tokensOf } from '../postgresql/tokens';
import { joinPieces } from './join-pieces';
import { readableName } from './readable-name';

/** Tokens of the server's scanner that are constants (scan.l of PostgreSQL). */
const constants = new Set(['SCONST', 'USCONST', 'BCONST', 'XCONST', 'FCONST', 'ICONST']);
/** What cannot hold a constant, whatever the scanner calls it: words, quoted names, parameters, signs. */
const harmless = /^(?:[\p{L}_][^']*|"[^]*"|\$\d+|[^'\p{L}\p{N}_"]+)$/u;

/** Constants become parameters behind those that are there. @throws Error for a text that the scanner does not take */
export function normalisePostgresql(text: string): string {
  const tokens = tokensOf(text);
  let next = Math.max(
    0,
    ...tokens.map((token) => (token.kind === 'PARAM' ? Number(token.text.slice(1)) : 0)),
  );
  const pieces = tokens.map(({ start, end, kind }) => {
    const written = text.slice(start, end);
    const isConstant = constants.has(kind) || !harmless.test(written);
    return { start, end, text: isConstant ? `$${(next += 1)}` : readableName(written) };
  });
  return joinPieces(pieces);
}
