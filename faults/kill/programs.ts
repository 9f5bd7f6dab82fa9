import { buildProgram, type Program } from '../../test/support/program.js';

/** What is killed: a process with the engine in it, `holdfast start`, and a pull worker. */
export interface Programs {
  readonly actor: Program;
  readonly server: Program;
  readonly puller: Program;
  remove(): void;
}

export async function buildPrograms(): Promise<Programs> {
  const [actor, server, puller] = await Promise.all([
    buildProgram('faults/kill/actor.ts'),
    buildProgram('src/cli/command.ts'),
    buildProgram('faults/kill/puller.ts'),
  ]);
  const remove = () => {
    for (const program of [actor, server, puller]) program.remove();
  };
  return { actor, server, puller, remove };
}
