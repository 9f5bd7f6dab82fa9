/** What is killed: a process with the engine in it, `holdfast start`, and a pull worker. */
export const KILLED = {
  actor: 'faults/kill/actor.ts',
  server: 'src/cli/command.ts',
  puller: 'faults/kill/puller.ts',
} as const;

/** Where they are, built. */
export type KilledPaths = Readonly<Record<keyof typeof KILLED, string>>;
