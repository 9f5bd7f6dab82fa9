import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FINDINGS } from '../../src/db/index.js';
import { holdfast } from '../support/command.js';
import { tempDir } from '../support/temp-dir.js';
import { prepared } from './fixture.js';

describe('holdfast doctor', () => {
  it('tells each finding with why it matters and what to do', async () => {
    const { code, stdout } = await holdfast(
      ['doctor', prepared('CREATE TABLE rows (id INTEGER)')],
      tempDir(),
    );
    expect(code).toBe(0);
    expect(stdout).toContain('1 warning, 1 note');
    expect(stdout).toContain('warning: journal-mode: the journal mode is not WAL');
    expect(stdout).toContain(`    why: ${FINDINGS['journal-mode'].why}`);
    expect(stdout).toContain(`    do:  ${FINDINGS['journal-mode'].advice}`);
  });

  it('looks at both databases that are set, as JSON, and fails when there is a fault', async () => {
    const { code, stdout } = await holdfast(['doctor', '--json'], tempDir());
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
