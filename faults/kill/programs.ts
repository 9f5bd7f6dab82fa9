import { buildProgram, type Program } from '../../test/support/program.js';

/** What is killed: a process with the engine in it, and `holdfast start`. */
export interface Programs {
  readonly actor: Program;
  readonly server: Program;
  remove(): void;
}

export async function buildPrograms(): Promise<Programs> {
  const [actor, server] = await Promise.all([
    buildProgram('faults/kill/actor.ts'),
    buildProgram('faults/kill/server.ts'),
  ]);
  const remove = () => {
    for (const program of [actor, server]) program.remove();
  };
  return { actor, server, remove };
}
