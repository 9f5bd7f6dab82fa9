import { describe, expect, it } from 'vitest';
import type { Evidence, FileEvidence } from './evidence.js';
import { judge } from './judge.js';

const FILE: FileEvidence = {
  fileBytes: 4_096,
  walBytes: 0,
  journalBytes: 0,
  walMode: true,
  unwritable: [],
  wal: { frames: 0, checkpointedFrames: 0 },
  locks: { writer: null, writerStayed: false, longReaders: [], betweenMs: 1_000 },
};

function codesOf(file: Partial<FileEvidence>): string[] {
  const evidence: Evidence = {
    topology: 'file',
    unreachable: null,
    file: { ...FILE, ...file },
    inside: null,
    roundTripMs: null,
    notLooked: [],
  };
  return judge(evidence).map(({ code, found }) => `${code}: ${found}`);
}

describe('the judge', () => {
  it('has nothing to say of a file that is well', () => {
    expect(codesOf({})).toEqual([]);
  });

  it('names what may not be written', () => {
    expect(codesOf({ unwritable: ['directory'] })).toEqual(['unwritable: not writable: directory']);
  });

  it('takes a writer that is gone at the second look for a passing one', () => {
    const writer = { pid: 0, command: '' };
    expect(
      codesOf({ locks: { writer, writerStayed: false, longReaders: [], betweenMs: 1 } }),
    ).toEqual(['writing: a process that cannot be seen from here had the write lock for a moment']);
  });

  it('takes a journal beside a writer for the writer’s', () => {
    const writer = { pid: 7, command: 'app' };
    const locks = { writer, writerStayed: true, longReaders: [], betweenMs: 1 };
    const codes = codesOf({ walMode: false, journalBytes: 512, locks });
    expect(codes.some((one) => one.startsWith('journal-left'))).toBe(false);
  });
});
