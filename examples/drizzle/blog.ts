import { fileURLToPath } from 'node:url';
import { eq, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/libsql';
import { migrate } from 'drizzle-orm/libsql/migrator';
// In a project of your own: import { createClient } from 'holdfast/db';
import { createClient, type HoldfastClient } from '../../src/db/index.js';
import * as schema from './schema.js';

/** The only change from Drizzle's own documentation is where `createClient` comes from. */
export async function openBlog(url: string) {
  const client: HoldfastClient = createClient({ url });
  const db = drizzle({ client, schema });
  await migrate(db, { migrationsFolder: fileURLToPath(new URL('./migrations', import.meta.url)) });
  return {
    db,
    close: () => client.close(),

    /** Adds a post, and its author when there is none of that name yet. */
    publish: (author: string, title: string) =>
      db.transaction(async (tx) => {
        await tx.insert(schema.authors).values({ name: author }).onConflictDoNothing();
        const found = await tx.query.authors.findFirst({ where: eq(schema.authors.name, author) });
        if (found === undefined) throw new Error(`no author ${author}`);
        const [post] = await tx
          .insert(schema.posts)
          .values({ authorId: found.id, title })
          .returning();
        return post;
      }),

    view: (id: number) =>
      db
        .update(schema.posts)
        .set({ views: sql`${schema.posts.views} + 1` })
        .where(eq(schema.posts.id, id)),

    byAuthor: () => db.query.authors.findMany({ with: { posts: true } }),
  };
}
