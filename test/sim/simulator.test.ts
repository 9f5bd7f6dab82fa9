import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PLAYER, Player } from '../../sim/crew.js';
import { MISTAKES } from '../../sim/mistakes/index.js';
import type { Broken } from '../../sim/seeds.js';
import { buildProgram, type Program } from '../support/program.js';

/** The long form is `npm run sim`; `.ci/run` plays 2,000 seeds. */
describe('the simulator', () => {
  let program: Program;
  let player: Player;
  beforeAll(async () => {
    program = await buildProgram(PLAYER);
    player = new Player(program.path);
  });
  afterAll(() => {
    player.end();
    program.remove();
  });

  it('finds nothing wrong with the engine', async () => {
    const { broken, played } = await player.play({ from: 1, count: 40 });
    expect(broken).toBeUndefined();
    expect(played).toBe(40);
  });

  it('replays a seed bit for bit, in another process and after other seeds', async () => {
    const stranger = new Player(program.path);
    const alone = await stranger.play({ from: 77, count: 1 });
    stranger.end();
    await player.play({ from: 101, count: 5 });
    const again = await player.play({ from: 77, count: 1 });
    expect(again.digest).toBe(alone.digest);
    expect(again.trace).toBe(alone.trace);
    expect((await player.play({ from: 78, count: 1 })).digest).not.toBe(alone.digest);
  });

  it('tells what happened, and in which order', async () => {
    const { trace } = await player.play({ from: 77, count: 1 });
    expect(trace).toMatch(/^ +0\.\d{3} {2}producer-1 promises.enqueue writes$/m);
    expect(trace).toMatch(/#1 \w+ is (pending|waiting) fence 0, attempt 0/);
  });

  it('has every mistake in its page, and no other', () => {
    const page = readFileSync('docs/simulation.md', 'utf8');
    const named = [...page.matchAll(/^\| `([a-z-]+)` \| (.*) \|$/gm)].map(([, name, what]) => [
      name,
      what,
    ]);
    expect(named).toEqual(MISTAKES.map(({ name, what }) => [name, what]));
  });

  async function hunt(mistake: string): Promise<Broken | undefined> {
    for (let from = 1; from < 10_000; from += 50) {
      const { broken } = await player.play({ from, count: 50, mistake });
      if (broken !== undefined) return broken;
    }
    return undefined;
  }

  it.each(MISTAKES.map(({ name, what }) => [name, what]))(
    'finds the mistake %s: %s',
    async (name) => {
      expect((await hunt(name))?.violation).toEqual(expect.any(String));
    },
  );
});
