/** What has become of a promise after at most `ms` milliseconds. The promise itself is not affected. */
export async function settledWithin(
  promise: Promise<unknown>,
  ms: number,
): Promise<'resolved' | 'rejected' | 'pending'> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('pending'), ms);
    const settle = (outcome: 'resolved' | 'rejected') => (): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    promise.then(settle('resolved'), settle('rejected'));
  });
}
