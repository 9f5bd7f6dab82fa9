import { join } from 'node:path';
import { LibsqlDialect } from '@libsql/kysely-libsql';
import { type Generated, Kysely } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClient } from '../../src/db/index.js';
import { startSqld } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';

interface Schema {
  notes: { id: Generated<number>; text: string };
}

describe.each(['file', 'remote'])("Kysely's libSQL dialect on %s", (topology) => {
  it('reads, writes and keeps transactions apart, many at once', async () => {
    const client = createClient({ url: await urlOf(topology) });
    // The dialect was written against an older client; the interface that it uses is the same.
    const dialect = new LibsqlDialect({ client: client as never });
    const db = new Kysely<Schema>({ dialect });
    onTestFinished(() => client.close());
    await db.schema
      .createTable('notes')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('text', 'text', (column) => column.notNull())
      .execute();
    const inserted = await db
      .insertInto('notes')
      .values({ text: 'first' })
      .returningAll()
      .execute();
    expect(inserted).toEqual([{ id: 1, text: 'first' }]);
    await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        db.transaction().execute(async (tx) => {
          await tx
            .insertInto('notes')
            .values({ text: `note ${at}` })
            .execute();
          await tx
            .updateTable('notes')
            .set({ text: `updated ${at}` })
            .where('text', '=', `note ${at}`)
            .execute();
        }),
      ),
    );
    const failed = db.transaction().execute(async (tx) => {
      await tx.deleteFrom('notes').execute();
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    const { count } = await db
      .selectFrom('notes')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    expect(count).toBe(21);
  });
});

async function urlOf(topology: string): Promise<string> {
  if (topology === 'file') return `file:${join(tempDir(), 'notes.db')}`;
  const server = await startSqld();
  onTestFinished(() => server.stop());
  return server.url;
}
