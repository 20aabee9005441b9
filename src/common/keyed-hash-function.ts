/**
 * The SQL function behind the `hash` mask where the engine has no HMAC of its own (SQLite). Its key travels beside the
 * statement, never in it. No list of safe functions holds the name, so that nobody can call it by hand.
 */
export const keyedHashFunction = 'sluice_keyed_hash';
