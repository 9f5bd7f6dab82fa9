import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { unstable_startWorker } from 'wrangler';
import { startProcess } from '../story/server-process.js';
import { startSqld } from '../support/sqld.js';
import { makeTempDir } from '../support/temp-dir.js';
import { installed, ourTypes, pack, run, tool, write } from './project.js';
import { COMPILER_OPTIONS, NODE_PROGRAM, WORKER } from './sources.js';

const KEY = 'k'.repeat(32);
/** Compiling, packing and installing, on a machine that does much else. */
const PREPARE_MS_MAX = 240_000;

describe('the packed file', () => {
  const place = makeTempDir();
  let tarball = '';
  let project = '';

  beforeAll(async () => {
    tarball = await pack(place.path);
    project = await installed(join(place.path, 'project'), tarball);
  }, PREPARE_MS_MAX);
  afterAll(() => place.remove());

  it('is found well by publint', async () => {
    const bytes = new Uint8Array(readFileSync(tarball));
    const { messages } = await publint({ pack: { tarball: bytes.buffer }, strict: true });
    expect(messages).toEqual([]);
  });

  it('has the right types for all who can import ES modules', async () => {
    const packed = createPackageFromTarballData(new Uint8Array(readFileSync(tarball)));
    const analysis = await checkPackage(packed);
    expect(analysis.types).toMatchObject({ kind: 'included' });
    const problems = 'problems' in analysis ? analysis.problems : [];
    // The profile "esm-only": what Node before 12 and CommonJS in TypeScript before 5.8 make of it is left out.
    const leftOut = ['node10', 'node16-cjs'];
    expect(
      problems.filter((one) => !('resolutionKind' in one && leftOut.includes(one.resolutionKind))),
    ).toEqual([]);
  });

  it('works in an empty Node project, and its declarations compile', async () => {
    write(project, 'program.ts', NODE_PROGRAM);
    write(project, 'tsconfig.json', {
      compilerOptions: {
        ...COMPILER_OPTIONS,
        module: 'nodenext',
        types: ['node'],
        typeRoots: [ourTypes('@types')],
      },
      files: ['program.ts'],
    });
    await run(tool('tsc'), ['-p', '.'], project);
    // As JavaScript: Node itself is to import it, without a loader.
    await run(
      tool('esbuild'),
      ['program.ts', '--outfile=program.js', '--log-level=error'],
      project,
    );
    const { stdout, stderr } = await run(process.execPath, ['program.js'], project);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      ran: 'hello\n',
      notes: 3,
      ok: true,
      result: { greeting: 'Hello, Ada' },
      tested: 'completed',
      api: ['function', 'function'],
    });
  });

  it('brings the command, which loads a configuration in TypeScript as of its own package', async () => {
    const command = join(project, 'node_modules/.bin/holdfast');
    const directory = join(project, 'commonjs');
    mkdirSync(directory);
    write(directory, 'package.json', { name: 'made-by-npm-init', type: 'commonjs' });
    write(
      directory,
      'holdfast.config.ts',
      `import { cancel, defineConfig, defineTask } from 'holdfast';
       import { z } from 'zod';
       const refuse = defineTask({ type: 'refuse', input: z.string(), run: (why: string) => cancel(why) });
       export default defineConfig({ tasks: [refuse], settings: { QUEUE_DATABASE_URL: 'file:configured.db' as string } });`,
    );
    const { stdout } = await run(command, ['migrate'], directory);
    expect(stdout).toMatch(/^queue: schema \d+, applied 1 promises/);
    const doctor = await run(command, ['doctor', 'configured.db', '--json'], directory);
    expect(JSON.parse(doctor.stdout)).toMatchObject({
      ok: true,
      inside: { schema: { known: 'queue' } },
    });
    const server = await startProcess(directory, { HOLDFAST_API_KEY: KEY }, command);
    const made = await server.ask('POST', '/v1/promises', { type: 'refuse', payload: 'not today' });
    // A verdict of a second instance of the package would be taken for a result.
    expect((await server.ask('GET', `/v1/promises/${made.body.id}?wait=20s`)).body).toMatchObject({
      status: 'cancelled',
      error: { message: 'not today' },
    });
  });

  it('works in an empty Worker project, without the native binding', async () => {
    const entrypoint = write(project, 'worker.ts', WORKER);
    write(project, 'tsconfig.worker.json', {
      compilerOptions: {
        ...COMPILER_OPTIONS,
        skipLibCheck: true,
        module: 'esnext',
        moduleResolution: 'bundler',
        customConditions: ['workerd'],
        types: [ourTypes('@cloudflare/workers-types/latest')],
      },
      files: ['worker.ts'],
    });
    await run(tool('tsc'), ['-p', 'tsconfig.worker.json'], project);
    const servers = [await startSqld(), await startSqld()] as const;
    onTestFinished(async () => {
      await Promise.all(servers.map((server) => server.stop('SIGKILL')));
    });
    const [queue, system] = servers.map(({ url }) => ({ type: 'plain_text', value: url }) as const);
    const worker = await unstable_startWorker({
      name: 'consumer',
      entrypoint,
      config: '',
      compatibilityDate: '2026-04-26',
      bindings: {
        HOLDFAST_API_KEY: { type: 'plain_text', value: KEY },
        ...(queue && { QUEUE_DATABASE_URL: queue, NOTES_URL: queue }),
        ...(system && { SYSTEM_DATABASE_URL: system }),
      },
      dev: { logLevel: 'error', watch: false, inspector: false, server: { port: 0 } },
    });
    onTestFinished(() => worker.dispose());
    await worker.ready;
    const notes = await worker.fetch('http://worker/notes');
    expect(await notes.json()).toBe(1);
    const made = await worker.fetch('http://worker/v1/promises', {
      method: 'POST',
      headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ type: 'echo', payload: 'hello' }),
    });
    expect(made.status).toBe(201);
    const { id } = (await made.json()) as { readonly id: string };
    const kept = await worker.fetch(`http://worker/v1/promises/${id}?wait=20s`, {
      headers: { Authorization: `Bearer ${KEY}` },
    });
    expect(await kept.json()).toMatchObject({ status: 'completed', result: 'hello' });
  });
});
