import { refuse } from './refused';

/** Longest statement in UTF-8 bytes. Nothing people write comes near; parsers take seconds for megabytes. */
export const maxStatementBytes = 64 * 1024;

/**
 * What every dialect refuses before a grammar sees the text: NUL ends the statement for engines written in C, and
 * a lone surrogate becomes U+FFFD on the wire, so that the server would read another text than was analysed.
 *
 * @throws Refused
 */
export function checkText(text: string): void {
  if (text.trim() === '') refuse('query.empty', 'The statement is empty');
  if (text.length > maxStatementBytes || Buffer.byteLength(text, 'utf8') > maxStatementBytes)
    refuse('query.too_long', `A statement has at most ${maxStatementBytes} bytes`);
  const nul = text.indexOf('\0');
  if (nul !== -1)
    refuse('query.invalid_text', 'The statement holds a NUL character', { construct: 'NUL', position: nul });
  const half = text.search(/\p{Surrogate}/u);
  if (half !== -1)
    refuse('query.invalid_text', 'The statement holds half of a surrogate pair', {
      construct: 'lone surrogate',
      position: half,
    });
}
