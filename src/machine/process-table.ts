import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A process of this machine. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** Its process group; a run is started as the leader of one. */
  readonly group: number;
  /** 0 where the platform does not tell. */
  readonly session: number;
  /** The same pid with another start is another process; empty where the platform does not tell. */
  readonly start: string;
  /** Undefined on Linux, where `memoryKiBOf` asks for those that matter. */
  readonly memoryKiB: number | undefined;
}

const IS_LINUX = process.platform === 'linux';
const PS_TIMEOUT_MS = 5_000;
/** Files of /proc that are read at once. */
const READS = 64;

/** Ways to read the table of processes. */
export const TABLES = { proc: listProc, ps: listPs } as const;

let glance: Promise<readonly ProcessEntry[]> | undefined;

/** What runs on this machine now, without what has ended and was not yet waited for. */
export function listProcesses(): Promise<readonly ProcessEntry[]> {
  return TABLES[IS_LINUX ? 'proc' : 'ps']();
}

/** The same for who looks often: calls share a list, and what has begun since it was begun is not in it. */
export function glanceAtProcesses(): Promise<readonly ProcessEntry[]> {
  glance ??= listProcesses().finally(() => {
    glance = undefined;
  });
  return glance;
}

/** What the processes hold in memory, in KiB. What they share is counted for each. */
export async function memoryKiBOf(entries: readonly ProcessEntry[]): Promise<number> {
  const sizes = await Promise.all(entries.map(async (entry) => entry.memoryKiB ?? rssKiB(entry)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** True when the process was started with `marker` in its environment. Linux only; elsewhere false. */
export async function isMarked({ pid }: ProcessEntry, marker: string): Promise<boolean> {
  if (!IS_LINUX) return false;
  const environment = await textOf(`/proc/${pid}/environ`);
  return environment.split('\0').includes(marker);
}

async function listProc(): Promise<readonly ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const entries: ProcessEntry[] = [];
  for (let at = 0; at < pids.length; at += READS) {
    const stats = await Promise.all(
      pids.slice(at, at + READS).map(async (pid) => [pid, await textOf(`/proc/${pid}/stat`)]),
    );
    for (const [pid = '', stat = ''] of stats) {
      // The name, in parentheses, may hold anything; what follows it is fields.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const [state, parent, group, session] = fields;
      if (stat === '' || state === 'Z' || state === 'X') continue;
      const [start = ''] = fields.slice(19);
      const numbers = { parent: Number(parent), group: Number(group), session: Number(session) };
      entries.push({ pid: Number(pid), ...numbers, start, memoryKiB: undefined });
    }
  }
  return entries;
}

async function listPs(): Promise<readonly ProcessEntry[]> {
  const columns = ['-A', '-o', 'pid=,ppid=,pgid=,rss=,stat='];
  const { stdout } = await promisify(execFile)('ps', columns, { timeout: PS_TIMEOUT_MS });
  return stdout.split('\n').flatMap((line) => {
    const [pid, parent, group, memory, state = 'Z'] = line.trim().split(/\s+/);
    if (state.startsWith('Z')) return [];
    const numbers = { pid: Number(pid), parent: Number(parent), group: Number(group) };
    return [{ ...numbers, session: 0, start: '', memoryKiB: Number(memory) }];
  });
}

async function rssKiB({ pid }: ProcessEntry): Promise<number> {
  const status = await textOf(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
}

/** Empty when the process has gone, or is another user's. */
async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
