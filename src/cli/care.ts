import type { Command } from 'commander';
import { type BackupArguments, runBackup, runRestore } from './backup.js';
import { loadConfig } from './config-file.js';
import { type DoctorArguments, runDoctor } from './doctor.js';
import { runVerify, type VerifyArguments } from './verify.js';

/** The commands that look after the databases. */
export function addCareCommands(program: Command): void {
  program
    .command('backup')
    .description('copy both databases while they are in use')
    .argument('[directory]', 'where backups are kept (HOLDFAST_BACKUP_DIRECTORY)')
    .option('--keep <number>', 'delete all but so many of the newest (HOLDFAST_BACKUP_KEEP)')
    .action(async (directory: string | undefined, given: BackupArguments) => {
      await runBackup(process.env, await loadConfig(process.cwd()), directory, given);
    });
  program
    .command('restore')
    .description('check a backup, and put both databases back; the service must be stopped')
    .argument('<backup>', 'the directory of one backup')
    .option('--check', 'only check it')
    .action(async (backup: string, { check = false }: { check?: boolean }) => {
      await runRestore(process.env, await loadConfig(process.cwd()), backup, check);
    });
  program
    .command('verify')
    .description('check that everything is there that the service needs, before it is deployed')
    .option('--json', 'tell it as JSON')
    .option('--no-promise', 'do not make a promise and keep it')
    .action(async (given: VerifyArguments) => {
      await runVerify(process.env, await loadConfig(process.cwd()), given);
    });
  program
    .command('doctor')
    .description('look at a database without changing it; at both that are set, if none is named')
    .argument('[database]', 'a file, or the URL of a file or a server')
    .option('--auth-token <token>', 'for a server')
    .option('--json', 'tell all that was seen, as JSON')
    .option('--no-integrity', 'do not read the whole file to check it')
    .action(async (database: string | undefined, given: DoctorArguments) => {
      await runDoctor(process.env, await loadConfig(process.cwd()), database, given);
    });
}
