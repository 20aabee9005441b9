import { checkReadiness } from './check-readiness';

describe('checkReadiness', () => {
  it('tells what answers, fails and hangs', async () => {
    const states = await checkReadiness(
      [
        { name: 'answers', run: async () => 1 },
        { name: 'fails', run: () => Promise.reject(new Error('no')) },
        { name: 'hangs', run: () => new Promise(() => undefined) },
      ],
      20,
    );
    expect(states).toEqual({ answers: 'up', fails: 'down', hangs: 'down' });
  });
});
