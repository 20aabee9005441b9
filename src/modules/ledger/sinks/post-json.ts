const DEADLINE_MS = 10_000;

/** @throws Error unless the answer is a 2xx within ten seconds; never with the address, which may hold a secret */
export async function postJson(url: string, body: string, contentType: string): Promise<void> {
  let status: number;
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    await answer.body?.cancel();
    ({ status } = answer);
  } catch (error) {
    throw new Error(`the webhook cannot be reached: ${(error as Error).name}`, { cause: error });
  }
  if (status < 200 || status > 299) throw new Error(`the webhook answered ${status}`);
}
