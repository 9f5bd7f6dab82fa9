/** `npm run bench <name> [options]`: each benchmark is a file, or a folder with an index, beside this one. */
const [name, ...options] = process.argv.slice(2);

const BENCHMARKS: Readonly<
  Record<string, () => Promise<{ run: (options: string[]) => Promise<void> }>>
> = {
  db: () => import('./db/index.js'),
  http: () => import('./http/index.js'),
  queue: () => import('./queue/index.js'),
  retention: () => import('./retention.js'),
  server: () => import('./server.js'),
};

const load = BENCHMARKS[name ?? ''];
if (load === undefined) {
  console.error(`usage: npm run bench <${Object.keys(BENCHMARKS).join('|')}> [options]`);
  process.exitCode = 2;
} else {
  const { run } = await load();
  await run(options);
}
