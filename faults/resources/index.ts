import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { buildPrograms } from '../../test/support/program.js';
import { atExit } from '../at-exit.js';
import { makeDirectory } from '../directory.js';
import { WAL_BYTES_MAX } from '../wal.js';
import { largeWal } from './large-wal.js';
import { longReader } from './long-reader.js';
import { MIB, mib, type Shown } from './shown.js';

/** A process of this rig, `holdfast start`, and a process of the soak. */
export const PROGRAMS = {
  actor: 'faults/resources/actor.ts',
  server: 'src/cli/command.ts',
  soaker: 'faults/soak/actor.ts',
} as const;
/** The WAL, its copy, and the two files that they are brought into, with some to spare. */
const ROOM = { perWalByte: 5, bytes: 1_024 * MIB } as const;

/**
 * `npm run faults resources -- --wal-mib N --reader-seconds N`: a large WAL at start, and a reader
 * that stays open while others work.
 */
export async function run(options: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: options,
    options: {
      'wal-mib': { type: 'string', default: '1024' },
      'reader-seconds': { type: 'string', default: '60' },
    },
  });
  const wrong = Object.entries(values).find(([, value]) => !(Number(value) > 0));
  if (wrong !== undefined) {
    console.error(`--${wrong[0]} must be a number above 0 (received ${JSON.stringify(wrong[1])})`);
    return false;
  }
  const walBytesMin = Number(values['wal-mib']) * MIB;
  const { bavail, bsize } = statfsSync(tmpdir());
  const needed = walBytesMin * ROOM.perWalByte + ROOM.bytes;
  if (bavail * bsize < needed) {
    console.error(`${tmpdir()} has no room: ${mib(bavail * bsize)} free, ${mib(needed)} needed`);
    return false;
  }
  const programs = await buildPrograms(PROGRAMS);
  const { actor, server, soaker } = programs.paths;
  const removePrograms = atExit(() => programs.remove());
  try {
    const rigs = [
      (directory: string) => largeWal({ directory, walBytesMin, actor, server }),
      (directory: string) =>
        longReader({
          directory,
          readerMs: Number(values['reader-seconds']) * 1_000,
          walBytesMax: WAL_BYTES_MAX,
          actor,
          soaker,
        }),
    ];
    let isWell = true;
    for (const rig of rigs) isWell = tell(await inDirectory(rig)) && isWell;
    return isWell;
  } finally {
    removePrograms();
  }
}

function tell({ told, faults }: Shown): boolean {
  for (const line of told) console.log(line);
  for (const fault of faults) console.log(`  FAULT: ${fault}`);
  return faults.length === 0;
}

async function inDirectory(rig: (directory: string) => Promise<Shown>): Promise<Shown> {
  const { path, remove } = makeDirectory('resources');
  try {
    return await rig(path);
  } finally {
    remove();
  }
}
