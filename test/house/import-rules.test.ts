import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');

/** Where the code stands, the code, and the beginning of each message that it is refused with. */
type Case = readonly [folder: string, code: string, ...messages: string[]];

const THROUGH_INDEX = 'Import a folder through its index.ts';
const HONO = 'hono belongs to functions';
const LIBSQL = 'libsql and @libsql/client belong to src/db';
const ENVIRONMENT = 'The environment is read in functions';
const CLOCK = 'The time is read in src/core/clock.ts alone';
const CHANCE = 'Chance comes from src/core/random.ts alone';
const CORE = 'src/core holds leaves';
const DB = 'src/db imports only src/core';
const PROMISES = 'src/promises imports only src/db';
const RECORDS = 'src/records imports only src/db';
const OUTBOUND = 'src/outbound imports only src/core';
const TASKS = 'src/tasks imports only';
const FUNCTIONS = 'functions imports only';
const CLIENT = 'src/client imports only src/core';
const MACHINE = 'src/machine imports only src/client and src/core';
const MACHINE_USE = 'src/machine starts programs';
const ENTRY = "src/index.ts is the package's entry";
const ENTRY_TAKES = 'The package entry takes each folder through its index.ts';
const TESTING = 'src/testing is for tests alone';
const ROOMS = 'From outside, functions is entered through the files at its top';

const from = (specifier: string) => `import '${specifier}';`;

const REFUSED: readonly Case[] = [
  ['src/core', from('../db/index.js'), CORE],
  ['src/core', from('../promises/index.js'), CORE],
  ['src/core', from('../../functions/app.js'), CORE],
  ['src/core/deep', from('../../tasks/index.js'), CORE],
  ['src/core', from('holdfast/db'), CORE],
  ['src/core', "import type { Database } from '../db/index.js';", CORE],
  ['src/core', "import * as db from '../db/index.js';", CORE],
  ['src/core', "import db, { type It } from '../db/index.js';", CORE],
  ['src/core', "export { open } from '../db/index.js';", CORE],
  ['src/core', "export * from '../db/index.js';", CORE],
  ['src/core', "const it = await import('../db/index.js');", CORE],
  ['src/core', "const it = require('../db/index.js');", CORE],
  ['src/core', "type It = import('../db/index.js').Database;", CORE],
  ['src/db', from('../promises/index.js'), DB],
  ['src/db', from('../records/index.js'), DB],
  ['src/db/deep', from('../../tasks/index.js'), DB],
  ['src/promises', from('../tasks/index.js'), PROMISES],
  ['src/promises', from('../records/index.js'), PROMISES],
  ['src/promises', from('../../functions/services.js'), PROMISES],
  ['src/records', from('../promises/index.js'), RECORDS],
  ['src/records', from('../tasks/index.js'), RECORDS],
  ['src/records', from('../outbound/index.js'), RECORDS],
  ['src/promises', from('../outbound/index.js'), PROMISES],
  ['src/outbound', from('../db/index.js'), OUTBOUND],
  ['src/outbound', from('../tasks/index.js'), OUTBOUND],
  ['src/tasks', from('../../functions/services.js'), TASKS],
  ['src/tasks', from('../cli/index.js'), TASKS],
  ['src/tasks/work', from('../../client/index.js'), TASKS],
  ['functions', from('../src/cli/index.js'), FUNCTIONS],
  ['functions/http', from('../../src/client/index.js'), FUNCTIONS],
  ['functions', from('../src/index.js'), FUNCTIONS, ENTRY],
  ['functions', from('holdfast'), FUNCTIONS],
  ['src/client', from('../promises/index.js'), CLIENT],
  ['src/client', from('../../functions/app.js'), CLIENT],
  ['src/machine', from('../promises/index.js'), MACHINE],
  ['src/machine', from('../tasks/index.js'), MACHINE],
  ['src/machine', from('../../functions/app.js'), MACHINE],
  ['src/machine', from('../db/index.js'), MACHINE],
  ['src/tasks/work', from('../../machine/index.js'), MACHINE_USE],
  ['src/client', from('../machine/index.js'), MACHINE_USE],
  ['functions', from('../src/machine/index.js'), MACHINE_USE],
  ['src', from('./machine/index.js'), MACHINE_USE],
  ['src/cli', from('../machine/guard.js'), THROUGH_INDEX],
  ['src/tasks', from('../index.js'), ENTRY],
  ['src/tasks/maintenance', from('../../index.js'), ENTRY],

  ['src/tasks', from('../testing/index.js'), TESTING],
  ['functions', from('../src/testing/index.js'), TESTING],
  ['src/promises', from('holdfast/testing'), PROMISES, TESTING],

  ['src/promises', from('../db/statement.js'), THROUGH_INDEX],
  ['src/promises', from('#db/open'), THROUGH_INDEX],
  ['functions', from('#outbound/dial'), THROUGH_INDEX],
  ['src/tasks/maintenance', from('../../promises/store.js'), THROUGH_INDEX],
  ['src/cli', from('../db/database.js'), THROUGH_INDEX],
  ['functions', from('../src/core/clock.js'), THROUGH_INDEX],
  ['functions/http', "import type { Clock } from '../../src/core/clock.js';", THROUGH_INDEX],
  ['src', from('./core/clock.js'), ENTRY_TAKES],
  ['src', from('./cli/index.js'), ENTRY_TAKES],
  ['src', from('../functions/http/errors.js'), ROOMS],
  ['src/cli', from('../../functions/dashboard/page.js'), ROOMS],

  ['src/core', from('hono'), HONO],
  ['src/tasks', from('hono/http-exception'), HONO],
  ['src/promises', from('@hono/zod-openapi'), HONO],
  ['src/client', "import type { Hono } from 'hono';", HONO],
  ['src/tasks', "type It = import('hono').Hono;", HONO],

  ['functions', from('@libsql/client'), LIBSQL],
  ['functions/http', from('@libsql/client/web'), LIBSQL],
  ['src/promises', from('libsql'), LIBSQL],
  ['src/tasks', "import type { Client } from '@libsql/client';", LIBSQL],
  ['src', "const it = await import('libsql/promise');", LIBSQL],

  ['src/core', 'export const it = process.env.PORT;', ENVIRONMENT],
  ['src/db', "export const it = process.env['PORT'];", ENVIRONMENT],
  ['src/db', 'export const { PORT } = process.env;', ENVIRONMENT],
  ['src/tasks', 'export const it = globalThis.process.env;', ENVIRONMENT],
  ['src/tasks', "import { env } from 'node:process';", ENVIRONMENT],
  ['src/tasks', "import { argv, env } from 'node:process';", ENVIRONMENT],

  ['src/core', 'export const it = Date.now();', CLOCK],
  ['src/promises', 'export const it = new Date();', CLOCK],
  ['src/tasks', 'export const it = new Date;', CLOCK],
  ['functions/http', 'export const it = () => Date();', CLOCK],
  ['functions', 'export const now = Date.now;', CLOCK],
  ['src/cli', 'export const it = new Date().toISOString();', CLOCK],

  ['src/core', 'export const it = Math.random();', CHANCE],
  ['functions', 'export const random = Math.random;', CHANCE],
];

const ALLOWED: readonly Case[] = [
  ['src/core', from('./clock.js')],
  ['src/core', from('zod')],
  ['src/db', from('../core/index.js')],
  ['src/db', from('@libsql/client/web')],
  ['src/db', from('libsql')],
  ['src/db', from('#db/open')],
  ['src/promises', from('../db/index.js')],
  ['src/promises', from('../core/index.js')],
  ['src/records', from('../db/index.js')],
  ['src/tasks', from('../promises/index.js')],
  ['src/tasks', from('../records/index.js')],
  ['src/tasks', from('../outbound/index.js')],
  ['src/outbound', from('../core/index.js')],
  ['src/outbound', from('#outbound/dial')],
  ['src/outbound', from('undici')],
  ['src/tasks', from('undici')],
  ['src/tasks/maintenance', from('../index.js')],
  ['src/tasks/maintenance', from('../../db/index.js')],
  ['src/client', from('../core/index.js')],
  ['src/cli', from('../client/index.js')],
  ['src/cli', from('../machine/index.js')],
  ['src/machine', from('../client/index.js')],
  ['src/machine', from('../core/index.js')],
  ['src/machine', from('./guard.js')],
  ['src/cli', from('../../functions/server.js')],
  ['src/cli', from('hono')],
  ['src/cli', 'export const it = process.env.PORT;'],
  ['src', from('./tasks/index.js')],
  ['src', from('../functions/services.js')],
  ['src', from('hono')],
  ['functions', from('../src/tasks/index.js')],
  ['functions', from('../holdfast.config.js')],
  ['functions', from('./http/promises.js')],
  ['functions', from('@hono/node-server')],
  ['functions', from('undici')],
  ['functions', from('ipaddr.js')],
  ['functions', 'export const it = process.env.PORT;'],
  ['functions', from('../src/outbound/index.js')],
  ['functions/http', from('../../src/promises/index.js')],
  ['functions/http', from('../env.js')],
  ['src/promises', 'export const it = new Date(5).toISOString();'],
  ['src/promises', "export const it = 'Date.now() and Math.random() and process.env';"],
  ['bench', from('../src/db/database.js')],
  ['scripts', from('@libsql/client')],
  ['scripts', 'export const it = [Date.now(), Math.random(), process.env.PORT];'],
  ['test/db', from('../../src/db/database.js')],
];

interface Diagnostic {
  readonly category: string;
  readonly message: string;
  readonly location: { readonly path: string; readonly start: { readonly line: number } };
}

/** Runs the committed lint configuration on every case; returns what it says of each, in order. */
async function lint(cases: readonly Case[], at: string): Promise<string[][]> {
  await cp(join(ROOT, 'biome.json'), join(at, 'biome.json'));
  await cp(join(ROOT, 'lint'), join(at, 'lint'), { recursive: true });
  const lines = new Map<string, number>();
  const places: string[] = [];
  for (const [index, [folder, code]] of cases.entries()) {
    // The rules for the entry name one file, so its cases are the lines of that file.
    const path = folder === 'src' ? 'src/index.ts' : `${folder}/case-${index}.ts`;
    const line = (lines.get(path) ?? 0) + 1;
    lines.set(path, line);
    places.push(`${path}:${line}`);
    await mkdir(dirname(join(at, path)), { recursive: true });
    await appendFile(join(at, path), `${code}\n`);
  }
  const found = new Map<string, string[]>(places.map((place) => [place, []]));
  for (const { category, message, location } of await biome(at)) {
    if (category !== 'plugin') continue;
    found.get(`${location.path}:${location.start.line}`)?.push(message);
  }
  return places.map((place) => found.get(place) ?? []);
}

async function biome(at: string): Promise<Diagnostic[]> {
  const flags = ['lint', '--vcs-enabled=false', '--max-diagnostics=none', '--reporter=json', '.'];
  const output = await new Promise<string>((resolve) => {
    const options = { cwd: at, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, [BIOME, ...flags], options, (_error, stdout) => resolve(stdout));
  });
  return (JSON.parse(output) as { diagnostics: Diagnostic[] }).diagnostics;
}

const scratch = await mkdtemp(join(tmpdir(), 'holdfast-house-'));
afterAll(() => rm(scratch, { recursive: true }));
const said = await lint([...REFUSED, ...ALLOWED], scratch);

describe('the house refuses', () => {
  it.each(REFUSED.map((one, index) => ({ one, messages: said[index] ?? [] })))(
    '$one.1 in $one.0',
    ({ one: [, , ...expected], messages }) => {
      for (const beginning of expected) {
        expect(messages.filter((message) => message.startsWith(beginning))).toHaveLength(1);
      }
      // A path into another folder's inside may break the order of folders as well, and says both.
      const others = messages.filter((message) => !expected.some((it) => message.startsWith(it)));
      expect(others.filter((message) => !message.startsWith(THROUGH_INDEX))).toEqual([]);
    },
  );
});

describe('the house allows', () => {
  it.each(ALLOWED.map((one, index) => ({ one, messages: said[REFUSED.length + index] })))(
    '$one.1 in $one.0',
    ({ messages }) => {
      expect(messages).toEqual([]);
    },
  );
});
