import { Command } from 'commander';
import { VERSION } from '../../functions/version.js';
import { HoldfastError, InputInvalidError, messageOf } from '../core/index.js';
import { addCareCommands } from './care.js';
import { loadConfig } from './config-file.js';
import { runMigrate } from './migrate.js';
import { runStart } from './start.js';
import { runExport, runImport } from './transfer.js';
import { runWork, type WorkArguments } from './work.js';

/** The `holdfast` command. Sets the exit code; says what is wrong on one line a fault. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('holdfast')
    .description('Durable promises over libSQL.')
    .version(VERSION)
    .showHelpAfterError()
    .addHelpText('after', '\nSettings are environment variables; README.md lists them.');
  program
    .command('start')
    .description('run the service on this machine')
    .option('--host <address>', 'listen there (HOST)')
    .option('--port <number>', 'listen on this port (PORT)')
    .action(async ({ host, port }: { host?: string; port?: string }) => {
      const env = { ...process.env, ...(host && { HOST: host }), ...(port && { PORT: port }) };
      await runStart(env, await loadConfig(process.cwd()));
    });
  program
    .command('work')
    .description('pull promises and keep them, with handlers of a file or programs of this machine')
    .option('--handlers <file>', 'exports tasks, or functions by type')
    .option('--allow <types>', 'run these types and no others, with commas between')
    .option('--machine <file>', 'has the suites and commands; holdfast.machine.ts if left out')
    .option('--url <url>', 'where the service is (HOLDFAST_URL)')
    .option('--key <key>', 'an API key that may consume (HOLDFAST_API_KEY)')
    .option('--queue <names>', 'pull from there; several with commas between', 'default')
    .option('--name <name>', 'what the worker is called; a random name if left out')
    .option('--concurrency <number>', 'handlers that run at once, 1 to 1,000; 10 if left out')
    .option('--lease <duration>', 'how long a promise is held without a heartbeat; 30s if left out')
    .option('--drain <duration>', 'how long a stop waits for what runs; 10s if left out')
    .action((given: WorkArguments) => runWork(given, process.env));
  program
    .command('migrate')
    .description('bring both databases to the newest schema')
    .action(async () => {
      await runMigrate(process.env, await loadConfig(process.cwd()));
    });
  addCareCommands(program);
  program
    .command('export')
    .description('write promises, schedules and queues as NDJSON')
    .argument('[file]', 'where to; the standard output if left out')
    .action(async (file?: string) => {
      await runExport(process.env, await loadConfig(process.cwd()), file);
    });
  program
    .command('import')
    .description('bring in what export has written; what is there already stays as it is')
    .argument('[file]', 'where from; the standard input if left out')
    .option('--check', 'only check that it is whole')
    .action(async (file: string | undefined, { check = false }: { check?: boolean }) => {
      const source = file === undefined ? { check } : { check, file };
      await runImport(process.env, await loadConfig(process.cwd()), source);
    });
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    console.error(faultOf(error));
    process.exitCode = 1;
  }
}

/** Our own errors are said plainly; anything else is a bug and shows its stack. */
function faultOf(error: unknown): string {
  if (error instanceof InputInvalidError) {
    const lines = error.issues.map(
      ({ path, rule, received }) => `${path}: ${rule} (received ${received})`,
    );
    return indented('holdfast:', lines);
  }
  if (error instanceof HoldfastError) return indented('holdfast:', error.message.split('\n'));
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
}

function indented(head: string, lines: readonly string[]): string {
  return lines.length === 1
    ? `${head} ${lines[0]}`
    : [head, ...lines.map((line) => `  ${line}`)].join('\n');
}
