import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FINDINGS } from '../../src/db/index.js';
import { tempDir } from '../support/temp-dir.js';
import { prepared } from './fixture.js';

const COMMAND = join(import.meta.dirname, '../../bin/holdfast.mjs');

/** The command's exit code and what it wrote. */
async function doctor(cwd: string, ...args: readonly string[]) {
  const command = promisify(execFile)(process.execPath, [COMMAND, 'doctor', ...args], { cwd });
  return await command.then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { readonly code: number; readonly stdout: string }) => error,
  );
}

describe('holdfast doctor', () => {
  it('tells each finding with why it matters and what to do', async () => {
    const { code, stdout } = await doctor(tempDir(), prepared('CREATE TABLE rows (id INTEGER)'));
    expect(code).toBe(0);
    expect(stdout).toContain('1 warning, 1 note');
    expect(stdout).toContain('warning: journal-mode: the journal mode is not WAL');
    expect(stdout).toContain(`    why: ${FINDINGS['journal-mode'].why}`);
    expect(stdout).toContain(`    do:  ${FINDINGS['journal-mode'].advice}`);
  });

  it('looks at both databases that are set, as JSON, and fails when there is a fault', async () => {
    const { code, stdout } = await doctor(tempDir(), '--json');
    expect(code).toBe(1);
    const diagnoses = JSON.parse(stdout) as { url: string; findings: { code: string }[] }[];
    expect(diagnoses.map(({ url, findings }) => [url, findings.map((one) => one.code)])).toEqual([
      ['file:data/queue.db', ['unreachable']],
      ['file:data/system.db', ['unreachable']],
    ]);
  });
});

it('docs/doctor.md has every finding with its severity, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/doctor.md'), 'utf8');
  const listed = [...page.matchAll(/^\| `([a-z-]+)` \| (\w+) \|/gm)].map(([, code, severity]) => [
    code,
    severity,
  ]);
  expect(listed).toEqual(Object.entries(FINDINGS).map(([code, one]) => [code, one.severity]));
});
