import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../src/db/index.js';
import { tempDir } from '../support/temp-dir.js';

const open = async (url: string) => {
  const database = await openDatabase({ name: 'shared', url, profile: 'system' });
  onTestFinished(() => database.close());
  return database;
};

it('a commit of another connection is told, one of its own is not (F12)', async () => {
  const url = `file:${join(tempDir(), 'shared.db')}`;
  const [mine, other] = [await open(url), await open(url)];
  await mine.write([{ sql: 'CREATE TABLE notes (text TEXT)' }]);
  let told = 0;
  let tell = () => {};
  const stop = mine.onForeignCommit(() => {
    told += 1;
    tell();
  });
  for (let round = 1; round <= 5; round += 1) {
    const heard = new Promise<void>((resolve) => {
      tell = resolve;
    });
    await mine.write([{ sql: "INSERT INTO notes VALUES ('mine')" }]);
    await other.write([{ sql: "INSERT INTO notes VALUES ('other')" }]);
    await heard;
    expect(told).toBe(round);
  }
  stop();
  await other.write([{ sql: "INSERT INTO notes VALUES ('other')" }]);
  const again = new Promise<void>((resolve) => {
    onTestFinished(mine.onForeignCommit(resolve));
  });
  await other.write([{ sql: "INSERT INTO notes VALUES ('other')" }]);
  await again;
  expect(told).toBe(5);
});
