/**
 * Where the constants that stand in statements are kept: `none` nowhere, `history` in the history of whoever asked, `audit`
 * in the audit log as well, for as long as that is kept. Parameters that are sent apart are kept nowhere.
 */
export const recordLiterals = ['none', 'history', 'audit'] as const;
export type RecordLiterals = (typeof recordLiterals)[number];

export const defaultRecordLiterals: RecordLiterals = 'history';
