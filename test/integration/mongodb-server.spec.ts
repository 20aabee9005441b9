import mongoose from 'mongoose';
import { describeEngine, freshMongoDatabase } from '../servers/servers';

describeEngine('mongodb', () => {
  const attempt = async (url: string): Promise<unknown> => {
    const connection = mongoose.createConnection(url, { serverSelectionTimeoutMS: 5_000 });
    try {
      await connection.asPromise();
      return await connection.getClient().db().collection('any').findOne({});
    } finally {
      await connection.close();
    }
  };

  it('refuses a wrong password, an unknown user, and work without logging in', async () => {
    const fresh = await freshMongoDatabase();
    const wrong = new URL(fresh.url);
    wrong.password = 'wrong';
    const unknown = new URL(fresh.url);
    unknown.username = 'nobody';
    const anonymous = new URL(fresh.url);
    anonymous.username = anonymous.password = '';
    await expect(attempt(fresh.url)).resolves.toBeNull();
    await expect(attempt(wrong.href)).rejects.toMatchObject({ code: 18 });
    await expect(attempt(unknown.href)).rejects.toMatchObject({ code: 18 });
    await expect(attempt(anonymous.href)).rejects.toMatchObject({ code: 13 });
    await fresh.drop();
  });

  it('takes messages cut anywhere, and several in one go', async () => {
    const fresh = await freshMongoDatabase();
    const connection = await mongoose.createConnection(fresh.url).asPromise();
    const rows = connection.getClient().db().collection('rows');
    const text = 'x'.repeat(100_000);
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => rows.insertMany(Array.from({ length: 10 }, () => ({ n, text })))),
    );
    expect(await rows.countDocuments({ text })).toBe(200);
    await connection.close();
    await fresh.drop();
  });
});
