import { join } from 'node:path';
import { eq } from 'drizzle-orm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openBlog } from '../../examples/drizzle/blog.js';
import { authors, posts } from '../../examples/drizzle/schema.js';
import { startSqld } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';

async function urlOf(topology: string): Promise<string> {
  if (topology === 'memory') return ':memory:';
  if (topology === 'file') return `file:${join(tempDir(), 'blog.db')}`;
  const server = await startSqld();
  onTestFinished(() => server.stop());
  return server.url;
}

describe.each(['file', 'memory', 'remote'])('Drizzle ORM on %s', (topology) => {
  it('migrates, relates, and rolls back what fails', async () => {
    const blog = await openBlog(await urlOf(topology));
    onTestFinished(blog.close);
    const first = await blog.publish('Ada', 'Notes');
    expect(first).toMatchObject({ id: 1, authorId: 1, title: 'Notes', views: 0 });
    expect(first?.createdAt).toBeInstanceOf(Date);
    await blog.publish('Ada', 'More notes');
    await blog.view(1);
    expect(await blog.byAuthor()).toMatchObject([
      {
        name: 'Ada',
        posts: [
          { title: 'Notes', views: 1 },
          { title: 'More notes', views: 0 },
        ],
      },
    ]);

    const failed = blog.db.transaction(async (tx) => {
      await tx.insert(authors).values({ name: 'Bob' });
      await tx.insert(authors).values({ name: 'Ada' });
    });
    await expect(failed).rejects.toThrow();
    expect(await blog.db.$count(authors)).toBe(1);

    const nested = blog.db.transaction(async (tx) => {
      await tx.insert(authors).values({ name: 'Cleo' });
      await tx
        .transaction(async (inner) => {
          await inner.insert(authors).values({ name: 'Dora' });
          inner.rollback();
        })
        .catch(() => {});
    });
    await nested;
    expect(await blog.db.select({ name: authors.name }).from(authors)).toEqual([
      { name: 'Ada' },
      { name: 'Cleo' },
    ]);

    const [inserted] = await blog.db.batch([
      blog.db.insert(authors).values({ name: 'Eve' }).returning(),
      blog.db.delete(authors).where(eq(authors.name, 'Ada')),
    ]);
    expect(inserted).toMatchObject([{ name: 'Eve' }]);
    expect(await blog.db.$count(posts)).toBe(0);
  });

  it('takes many writers and transactions at once', async () => {
    const blog = await openBlog(await urlOf(topology));
    onTestFinished(blog.close);
    await blog.publish('Ada', 'Notes');
    const writers = Array.from({ length: topology === 'remote' ? 20 : 100 }, async (_, at) => {
      await blog.publish(`author ${at % 5}`, `post ${at}`);
      await blog.view(1);
    });
    await Promise.all(writers);
    const [read] = await blog.db.select().from(posts).where(eq(posts.id, 1));
    expect(read?.views).toBe(writers.length);
    expect(await blog.db.$count(posts)).toBe(writers.length + 1);
  });
});
