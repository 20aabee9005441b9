import type { ConnectionInput, TlsConfig, TlsMode } from '../driver';

const modes: readonly TlsMode[] = ['disable', 'require', 'verify-ca', 'verify-full'];
const texts = ['ca', 'cert', 'key', 'servername'] as const;

/** MongoDB has no STARTTLS: a connection is encrypted from its first byte or not at all, so there is no `prefer`. */
export function parseTls(
  ssl: ConnectionInput['ssl'],
  wrong: (path: string, message: string) => void,
): TlsConfig {
  if (ssl === undefined || ssl === false) return { mode: 'disable' };
  if (ssl === true) return { mode: 'verify-full' };
  const { mode = 'verify-full', ...others } = ssl;
  if (!modes.includes(mode)) wrong('/ssl/mode', `must be one of ${modes.join(', ')}`);
  for (const [name, value] of Object.entries(others)) {
    if (!texts.some((known) => known === name)) wrong(`/ssl/${name}`, 'is not known');
    else if (typeof value !== 'string') wrong(`/ssl/${name}`, 'must be a text');
  }
  return { mode, ...others };
}
