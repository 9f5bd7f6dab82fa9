/**
 * Proves that the Worker's bundle (`npm run deploy:dry-run`) holds nothing that workerd cannot run:
 * no native binding and none of the packages that load one. Prints its size.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const FOLDER = '.tmp/worker';

/** Native addons, and what exists on Node only and would drag one in. */
const NATIVE = /\.node$|node_modules\/(?:libsql|@libsql\/(?:linux|darwin|win32)-[^/]*|@neon-rs)\//;

/** The free plan's limit on a Worker, compressed. */
const GZIP_BYTES_MAX = 3 * 1024 * 1024;

interface Metafile {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly entryPoint?: string;
        readonly imports: readonly { readonly path: string; readonly external?: boolean }[];
      }
    >
  >;
}

const metafile = JSON.parse(readFileSync(join(FOLDER, 'bundle-meta.json'), 'utf8')) as Metafile;

const outputs = Object.entries(metafile.outputs).filter(([path]) => !path.endsWith('.map'));
const external = outputs.flatMap(([, output]) =>
  output.imports.filter((one) => one.external).map((one) => one.path),
);
const problems = [
  ...Object.keys(metafile.inputs)
    .filter((path) => NATIVE.test(path))
    .map((path) => `${path} is native code, or loads it`),
  ...external
    .filter((path) => !path.startsWith('cloudflare:'))
    .map((path) => `${path} is imported at run time, and workerd has no such module`),
];

const code = outputs.map(([path]) => readFileSync(join(FOLDER, basename(path))));
const gzipBytes = code.reduce((sum, bytes) => sum + gzipSync(bytes).length, 0);
if (gzipBytes > GZIP_BYTES_MAX)
  problems.push(`${gzipBytes} bytes compressed, over ${GZIP_BYTES_MAX}`);
if (code.length === 0) problems.push(`${FOLDER} holds no output`);

for (const problem of problems) console.error(problem);
console.log(
  `${Object.keys(metafile.inputs).length} modules, ${Math.ceil(gzipBytes / 1024)} KiB compressed`,
);
process.exitCode = problems.length > 0 ? 1 : 0;
