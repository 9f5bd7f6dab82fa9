import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Backup,
  checkBackup,
  pruneBackups,
  restoreBackup,
  takeBackup,
} from '../../functions/backup.js';
import { createHoldfast } from '../../src/index.js';
import { holdfast } from '../support/command.js';
import { startSqld } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';
import { contentOf, filesIn, makePromises, openBoth, settingsOf } from './fixture.js';

async function twoServers() {
  const servers = [await startSqld(), await startSqld()];
  onTestFinished(async () => {
    await Promise.all(servers.map((server) => server.stop('SIGKILL')));
  });
  const [queueUrl = '', systemUrl = ''] = servers.map(({ url }) => url);
  return settingsOf(queueUrl, systemUrl);
}

/** A backup of a file database with some promises. */
async function someBackup(): Promise<Backup> {
  const directory = tempDir();
  const settings = filesIn(directory);
  const { store, close } = await openBoth(settings);
  await makePromises(store, 40);
  const backup = await takeBackup(settings, join(directory, 'backups'));
  await close();
  return backup;
}

describe('a backup of files', () => {
  it('is one moment of a database that is written to meanwhile, and holds up nobody', async () => {
    const directory = tempDir();
    const settings = filesIn(directory);
    const { store } = await openBoth(settings);
    await makePromises(store, 200);
    let made = 200;
    let isDone = false;
    const writing = (async () => {
      while (!isDone) {
        await makePromises(store, 10);
        made += 10;
      }
    })();
    const backup = await takeBackup(settings, join(directory, 'backups'));
    isDone = true;
    await writing;
    expect(made).toBeGreaterThan(200);
    await checkBackup(backup.path);
    const target = filesIn(join(directory, 'restored'));
    await restoreBackup(backup.path, target);
    const restored = await openBoth(target);
    const { byStatus } = await restored.store.figures();
    const [counted] = await restored.queue.read([{ sql: 'SELECT count(*) AS n FROM promises' }]);
    // Whole batches of ten, and the counters that were written with them.
    expect(Number(counted?.rows[0]?.n) % 10).toBe(0);
    expect(byStatus.pending).toBe(counted?.rows[0]?.n);
    expect((await store.figures()).byStatus.pending).toBe(made);
  });

  it('gives everything back, and keeps what was there', async () => {
    const directory = tempDir();
    const settings = filesIn(directory);
    const first = await openBoth(settings);
    await makePromises(first.store, 20);
    const before = { queue: await contentOf(first.queue), system: await contentOf(first.system) };
    const backup = await takeBackup(settings, join(directory, 'backups'));
    await makePromises(first.store, 5);
    await first.close();
    const restored = await restoreBackup(backup.path, settings);
    const again = await openBoth(settings);
    expect(await contentOf(again.queue)).toEqual(before.queue);
    expect(await contentOf(again.system)).toEqual(before.system);
    await again.close();
    const kept = restored.find(({ name }) => name === 'queue')?.kept ?? '';
    const old = await openBoth(settingsOf(`file:${kept}`, settings.SYSTEM_DATABASE_URL));
    expect((await old.store.figures()).byStatus.pending).toBe(25);
  });

  it('is refused a place that is in use, and nothing is put back', async () => {
    const backup = await someBackup();
    const settings = filesIn(tempDir());
    const { store } = await openBoth(settings);
    await makePromises(store, 1);
    await expect(restoreBackup(backup.path, settings)).rejects.toMatchObject({
      code: 'database-busy',
      message: expect.stringContaining('is in use'),
    });
    expect((await store.figures()).byStatus.pending).toBe(1);
  });

  it('takes the place of a file that is no database any more', async () => {
    const backup = await someBackup();
    const directory = tempDir();
    writeFileSync(join(directory, 'queue.db'), 'rubbish '.repeat(2_000));
    const settings = filesIn(directory);
    await restoreBackup(backup.path, settings);
    const { store } = await openBoth(settings);
    expect((await store.figures()).byStatus.pending).toBe(40);
  });
});

describe('a backup that is broken', () => {
  const change = (backup: Backup, file: string) => {
    const opened = openSync(join(backup.path, file), 'r+');
    writeSync(opened, Buffer.from('x'), 0, 1, 5_000);
    closeSync(opened);
  };
  const refusal = async (backup: Backup) => {
    const directory = tempDir();
    const error = await restoreBackup(backup.path, filesIn(directory)).catch((thrown) => thrown);
    expect(readdirSync(directory)).toEqual([]);
    return { code: error.code, message: String(error.message) };
  };

  it('is not put back: a byte is changed, a file is missing, the schema is of tomorrow', async () => {
    const changed = await someBackup();
    change(changed, 'queue.db');
    expect(await refusal(changed)).toMatchObject({
      code: 'backup-broken',
      message: expect.stringContaining('SHA-256'),
    });
    rmSync(join(changed.path, 'queue.db'));
    expect((await refusal(changed)).message).toContain('has no bytes');
    const manifest = JSON.parse(readFileSync(join(changed.path, 'manifest.json'), 'utf8'));
    manifest.format = 'other';
    writeFileSync(join(changed.path, 'manifest.json'), JSON.stringify(manifest));
    expect(await refusal(changed)).toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('format'),
    });
    expect((await refusal({ ...changed, path: tempDir() })).message).toContain('is no backup');
  });

  it('is not put back when its schema is newer than the code', async () => {
    const directory = tempDir();
    const settings = filesIn(directory);
    const { queue } = await openBoth(settings);
    await queue.write([{ sql: "INSERT INTO schema_migrations VALUES (9999, 'of tomorrow', 0)" }]);
    const backup = await takeBackup(settings, join(directory, 'backups'));
    expect(await refusal(backup)).toMatchObject({
      code: 'backup-broken',
      message: expect.stringContaining('has schema 9999'),
    });
  });
});

describe('a backup of servers', () => {
  it('is their dump as a file, and goes back to files and to empty servers', async () => {
    const directory = tempDir();
    const settings = await twoServers();
    const { queue, system, store } = await openBoth(settings);
    await makePromises(store, 30);
    const content = { queue: await contentOf(queue), system: await contentOf(system) };
    const backup = await takeBackup(settings, directory);
    const files = filesIn(join(directory, 'restored'));
    await restoreBackup(backup.path, files);
    const onFiles = await openBoth(files);
    expect(await contentOf(onFiles.queue)).toEqual(content.queue);
    const others = await twoServers();
    await restoreBackup(backup.path, others);
    const onServers = await openBoth(others);
    expect(await contentOf(onServers.queue)).toEqual(content.queue);
    expect(await contentOf(onServers.system)).toEqual(content.system);
    await expect(restoreBackup(backup.path, others)).rejects.toMatchObject({
      code: 'setting-invalid',
      message: expect.stringContaining('must be empty'),
    });
  });

  it('is not there when the server is not', async () => {
    const directory = tempDir();
    const settings = settingsOf('http://127.0.0.1:1', 'http://127.0.0.1:1');
    await expect(takeBackup(settings, directory)).rejects.toMatchObject({
      code: 'database-unavailable',
    });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('by schedule', () => {
  it('a service takes a backup when one is due, records it, and keeps the newest', async () => {
    const directory = tempDir();
    const backups = join(directory, 'backups');
    const service = await createHoldfast().open({
      QUEUE_DATABASE_URL: `file:${join(directory, 'queue.db')}`,
      SYSTEM_DATABASE_URL: `file:${join(directory, 'system.db')}`,
      HOLDFAST_BACKUP_DIRECTORY: backups,
      HOLDFAST_BACKUP_KEEP: '1',
    });
    onTestFinished(() => service.close());
    await service.tick();
    await expect
      .poll(() => readdirSync(backups), { timeout: 20_000 })
      .toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d-]{8}\.\d{3}Z$/)]);
    const [name = ''] = readdirSync(backups);
    const { queue } = await checkBackup(join(backups, name));
    expect(queue.schemaVersion).toBeGreaterThan(0);
    await takeBackup(filesIn(directory), backups);
    writeFileSync(join(backups, 'mine.txt'), 'is left alone');
    expect(await pruneBackups(backups, 1)).toBe(1);
    expect(readdirSync(backups)).toHaveLength(2);
    expect(readdirSync(backups)).not.toContain(name);
  });
});

it('holdfast backup and restore do the same from the command line', async () => {
  const cwd = tempDir();
  const { close } = await openBoth(filesIn(join(cwd, 'data')));
  await close();
  const taken = await holdfast(['backup', 'kept', '--keep', '1'], cwd);
  expect(taken).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('0 older ones deleted'),
  });
  const [path = ''] = taken.stdout.split(': ');
  const checked = await holdfast(['restore', path, '--check'], cwd);
  expect(checked.stdout).toMatch(/^whole: queue \d+ bytes, schema \d+; system/);
  const restored = await holdfast(['restore', path], cwd);
  expect(restored.stdout).toMatch(
    /^queue: restored to data\/queue.db; what was there is now .*queue.db.before-/,
  );
});
