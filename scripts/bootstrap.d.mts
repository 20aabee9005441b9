/** See bootstrap.mjs. */
export function ensureOthersInstalled(): void;
