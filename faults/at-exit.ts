import { constants } from 'node:os';
import { messageOf } from '../src/core/index.js';

const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

const undos = new Set<() => void>();

/**
 * Calls `undo` when this process exits, by itself or by a signal: what was asked for last comes first.
 * Returns what calls it now, and no more afterwards.
 */
export function atExit(undo: () => void): () => void {
  const once = () => {
    if (!undos.delete(once)) return;
    if (undos.size === 0) unlisten();
    undo();
  };
  // Behind the listeners of others: servers are ended before their directories are removed.
  unlisten();
  process.on('exit', undoAll);
  for (const signal of SIGNALS) process.on(signal, exit);
  undos.add(once);
  return once;
}

function unlisten(): void {
  process.off('exit', undoAll);
  for (const signal of SIGNALS) process.off(signal, exit);
}

function exit(signal: NodeJS.Signals): void {
  process.exit(128 + constants.signals[signal]);
}

function undoAll(): void {
  for (const undo of [...undos].reverse()) {
    try {
      undo();
    } catch (error) {
      console.error(messageOf(error));
    }
  }
}
