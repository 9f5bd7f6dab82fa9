import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string) => readFile(join(ROOT, path), 'utf8');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(await read('package.json')) as Manifest;

describe('dependencies', () => {
  it('are pinned to one version each', () => {
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual(
      [],
    );
  });

  it('have their reason written down, and only what is there has', async () => {
    const record = await read('docs/decisions/0002-run-time-dependencies.md');
    const named = [...record.matchAll(/^\| (\S+) \| /gm)].map(([, name]) => name);
    expect(named.filter((name) => name !== 'package').sort()).toEqual(
      Object.keys(manifest.dependencies).sort(),
    );
  });

  it('are locked without naming a registry', async () => {
    expect(await read('package-lock.json')).not.toContain('"resolved"');
  });
});

describe('decisions', () => {
  it('are all in the list', async () => {
    const list = await read('docs/decisions/README.md');
    const records = (await readdir(join(ROOT, 'docs/decisions'))).filter((name) =>
      /^\d/.test(name),
    );
    expect(records.filter((name) => !list.includes(`(${name})`))).toEqual([]);
  });
});
