/** Topics on the signal bus: what ends or changes what a credential stands for. The key is the id. */
export const authSignals = { session: 'session', apiKey: 'api_key', user: 'user' } as const;
