import { inspect } from 'node:util';
import type { Client } from '@libsql/core/api';

/** One step's name and what came of it, as text: result or error, down to hidden properties. */
export type Observation = readonly [string, string];

export interface ScenarioOptions {
  /** A server reports no extended codes and supports no temporary objects. */
  readonly server: boolean;
}

/**
 * Everything that `Client` can do, step by step. Two clients that behave alike
 * give equal observations.
 */
export async function observeClient(
  client: Client,
  { server }: ScenarioOptions,
): Promise<Observation[]> {
  const seen: Observation[] = [];
  const step = async (name: string, act: () => unknown) => {
    try {
      seen.push([name, inspect(await act(), { depth: 6, showHidden: true })]);
    } catch (error) {
      seen.push([name, describeError(error)]);
    }
  };
  await statements(client, step);
  await batches(client, step);
  await scripts(client, step);
  if (!server) await settings(client, step);
  for (const mode of ['write', 'deferred', 'read'] as const) {
    if (server && mode === 'read') continue;
    await transactions(client, mode, step);
  }
  await arguments_(client, step);
  await life(client, step);
  return seen;
}

type Step = (name: string, act: () => unknown) => Promise<void>;

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const fields = ['code', 'extendedCode', 'rawCode', 'statementIndex'] as const;
  const told = fields.map((name) => `${name}=${String(Reflect.get(error, name))}`);
  return [error.constructor.name, ...told, error.message].join(' ');
}

async function statements(client: Client, step: Step): Promise<void> {
  await step('create', () =>
    client.execute('create table t(a integer primary key, b text, c blob, d real)'),
  );
  await step('insert with a blob', () =>
    client.execute({
      sql: 'insert into t(b, c, d) values (?, ?, ?)',
      args: ['x', new Uint8Array([1, 2, 3]), 1.5],
    }),
  );
  await step('insert by name', () =>
    client.execute('insert into t(b) values (:b)', { b: 'named' }),
  );
  await step('insert by other names', () =>
    client.execute({ sql: 'insert into t(b, d) values ($b, @d)', args: { $b: 'n', '@d': 5 } }),
  );
  await step('types of arguments', () =>
    client.execute({
      sql: 'select ?, ?, ?, typeof(?), typeof(?)',
      args: [true, new Date(5), null, 5, 5n],
    }),
  );
  await step('select all', () => client.execute('select * from t'));
  await step('two columns of one name', () => client.execute('select 1 as a, 2 as a'));
  await step('an integer too large', () => client.execute('select 9223372036854775807 as x'));
  await step('returning', () => client.execute("insert into t(b) values ('r') returning *"));
  await step('update', () => client.execute("update t set b = 'q'"));
  await step('constraint', () => client.execute('insert into t(a) values (1)'));
  await step('syntax error', () => client.execute('selec'));
  await step('no such table', () => client.execute('select * from nope'));
  await step('with that writes', () =>
    client.execute("with x as (select 'w' as b) insert into t(b) select b from x"),
  );
}

async function batches(client: Client, step: Step): Promise<void> {
  await step('batch write', () =>
    client.batch(
      [
        "insert into t(b) values ('1')",
        { sql: 'select count(*) as n from t', args: [] },
        ['select ? as x', ['p']],
      ],
      'write',
    ),
  );
  await step('batch deferred', () =>
    client.batch(["insert into t(b) values ('2')", 'select count(*) as n from t']),
  );
  await step('batch read', () => client.batch(['select count(*) as n from t', 'select 1'], 'read'));
  await step('batch that fails', () =>
    client.batch(["insert into t(b) values ('3')", 'insert into t(a) values (1)'], 'write'),
  );
  await step('batch that fails keeps nothing', () => client.execute('select count(*) from t'));
  await step('batch of nothing', () => client.batch([], 'write'));
  await step('batch of no known mode', () =>
    client.batch(['select 1'], 'nothing' as unknown as 'write'),
  );
}

async function scripts(client: Client, step: Step): Promise<void> {
  await step('script', () =>
    client.executeMultiple(
      'create table m(a); insert into m values (1); insert into m values (2);',
    ),
  );
  await step('script that fails', () =>
    client.executeMultiple(
      'insert into m values (3); insert into nope values (2); insert into m values (4)',
    ),
  );
  await step('script that failed keeps what came before', () => client.execute('select * from m'));
  await step('script with a transaction', () =>
    client.executeMultiple('begin; insert into m values (5); commit'),
  );
  await step('migrate', () => client.migrate(['create table mg(a)', 'insert into mg values (1)']));
  await step('migrate that fails', () =>
    client.migrate(['create table mg2(a)', 'insert into nope values (1)']),
  );
  await step('migrate that failed keeps nothing', () =>
    client.execute("select count(*) from sqlite_schema where name = 'mg2'"),
  );
}

/** What belongs to a connection: a file's client must hide that it has several. */
async function settings(client: Client, step: Step): Promise<void> {
  await step('changes()', async () => {
    await client.execute("insert into t(b) values ('c1'), ('c2')");
    return await client.execute('select changes(), last_insert_rowid()');
  });
  await step('empty statement', () => client.execute(''));
  await step('begin', () => client.execute('BEGIN'));
  await step('commit', () => client.execute('COMMIT'));
  await step('savepoint', () => client.execute('SAVEPOINT x'));
  await step('pragma asked', () => client.execute('PRAGMA foreign_keys'));
  await step('pragma set', () => client.execute('PRAGMA foreign_keys=off'));
  await step('pragma as it was set', () => client.execute('PRAGMA foreign_keys'));
  await step('pragma set back', () => client.execute('PRAGMA foreign_keys=on'));
  await step('table_info', () => client.execute('PRAGMA table_info(t)'));
  await step('user_version set', () => client.execute('PRAGMA user_version=7'));
  await step('user_version', () => client.execute('PRAGMA user_version'));
  await step('vacuum', () => client.execute('VACUUM'));
  await step('batch that commits inside', () =>
    client.batch(["insert into t(b) values ('4')", 'COMMIT', 'select 1'], 'write'),
  );
  await step('batch that ends with commit', () =>
    client.batch(["insert into t(b) values ('5')", 'COMMIT'], 'write'),
  );
  await step('batch read that writes', () =>
    client.batch(["insert into t(b) values ('6')", 'select 1'], 'read'),
  );
  await step('temporary table', async () => {
    await client.execute('create temp table tt(a)');
    await client.execute('insert into tt values (1)');
    return await client.execute('select * from tt');
  });
  await step('attach', () => client.execute("attach ':memory:' as other"));
  await step('sync', () => client.sync());
}

async function transactions(
  client: Client,
  mode: 'write' | 'deferred' | 'read',
  step: Step,
): Promise<void> {
  await step(`${mode}: commit`, async () => {
    const tx = await client.transaction(mode);
    const results = [
      await tx.execute('select count(*) as n from t'),
      await tx.execute("insert into t(b) values ('tx')"),
      await tx.execute({ sql: 'select count(*) as n from t', args: [] }),
      tx.closed,
    ];
    await tx.commit();
    return [results, tx.closed];
  });
  await step(`${mode}: a failed statement leaves it open`, async () => {
    const tx = await client.transaction(mode);
    const failed = await tx.execute('insert into t(a) values (1)').catch(describeError);
    const { closed } = tx;
    await tx.execute("insert into t(b) values ('after')");
    await tx.rollback();
    return [failed, closed, tx.closed];
  });
  await step(`${mode}: batch`, async () => {
    const tx = await client.transaction(mode);
    try {
      return await tx.batch(['select 1', 'insert into t(a) values (1)']);
    } finally {
      tx.close();
    }
  });
  await step(`${mode}: script`, async () => {
    const tx = await client.transaction(mode);
    await tx.executeMultiple('insert into m values (9); insert into m values (10);');
    await tx.commit();
    return await client.execute('select count(*) from m');
  });
  await step(`${mode}: closed`, async () => {
    const tx = await client.transaction(mode);
    tx.close();
    return [tx.closed, await tx.execute('select 1').catch(describeError)];
  });
  await step(`${mode}: rolled back, then committed`, async () => {
    const tx = await client.transaction(mode);
    await tx.execute("insert into t(b) values ('gone')");
    await tx.rollback();
    return await tx.commit().catch(describeError);
  });
}

async function arguments_(client: Client, step: Step): Promise<void> {
  await step('transaction of no known mode', async () => {
    const tx = await client.transaction('nothing' as unknown as 'write');
    await tx.execute('select 1');
  });
  await step('NaN', () => client.execute({ sql: 'select ?', args: [Number.NaN] }));
  await step('a bigint too large', () => client.execute({ sql: 'select ?', args: [2n ** 70n] }));
  await step('undefined', () =>
    client.execute({ sql: 'select ?', args: [undefined as unknown as null] }),
  );
  await step('a lone surrogate stays what it was made', async () => {
    const { rows } = await client.execute({ sql: 'select length(?) as n', args: ['a\ufffdb'] });
    return rows[0]?.n;
  });
}

async function life(client: Client, step: Step): Promise<void> {
  await step('protocol', () => [client.protocol, client.closed]);
  await step('reconnect', async () => {
    await client.reconnect();
    return [client.closed, await client.execute('select 1 as one')];
  });
  client.close();
  await step('closed', () => client.closed);
  await step('closed: execute', () => client.execute('select 1'));
  await step('closed: transaction', () => client.transaction());
  await step('closed: batch', () => client.batch(['select 1']));
  await step('closed: reconnect', async () => {
    await client.reconnect();
    return [client.closed, await client.execute('select 1 as one')];
  });
  client.close();
}
