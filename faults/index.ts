/** `npm run faults <name> [options]`: each rig is a folder beside this one. */
const [name, ...options] = process.argv.slice(2);

const RIGS: Readonly<
  Record<string, () => Promise<{ run: (options: string[]) => Promise<boolean> }>>
> = {
  kill: () => import('./kill/index.js'),
  net: () => import('./net/index.js'),
  resources: () => import('./resources/index.js'),
  soak: () => import('./soak/index.js'),
};

const load = RIGS[name ?? ''];
if (load === undefined) {
  console.error(`usage: npm run faults <${Object.keys(RIGS).join('|')}> [options]`);
  process.exitCode = 2;
} else {
  const { run } = await load();
  process.exitCode = (await run(options)) ? 0 : 1;
}
