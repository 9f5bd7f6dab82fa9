/** `fault`: something is broken. `warning`: it will hurt. `note`: to be known. */
export type Severity = 'fault' | 'warning' | 'note';

interface FindingText {
  readonly severity: Severity;
  /** Why it matters. */
  readonly why: string;
  /** What to do. */
  readonly advice: string;
}

/** All that the doctor can find. `docs/doctor.md` lists the same; a test keeps the two equal. */
export const FINDINGS = {
  unreachable: {
    severity: 'fault',
    why: 'Nothing can work with a database that cannot be opened.',
    advice:
      'Check the path or the URL, the rights, the token, and that the server runs. An encrypted file needs its key.',
  },
  corrupt: {
    severity: 'fault',
    why: 'Pages of the file contradict each other: reads fail or are wrong, and writes may spread it.',
    advice:
      'Stop what writes, copy the file with its -wal, and restore a backup (holdfast restore). Without one, sqlite3 with .recover saves what can be read.',
  },
  'schema-incomplete': {
    severity: 'fault',
    why: 'Tables or triggers that the code relies on are gone: its statements fail, or counters go wrong.',
    advice: 'Restore a backup, or run the statements that are shown, with the service stopped.',
  },
  unwritable: {
    severity: 'fault',
    why: 'SQLite writes the file, and makes -wal and -shm files in its directory: this user may not.',
    advice:
      'Give the user that runs the service the right to write the file and its directory; run the doctor as that user.',
  },
  'index-missing': {
    severity: 'warning',
    why: 'Without it a query walks the whole table, and the cost of a claim grows with the backlog.',
    advice: 'Run the statements that are shown.',
  },
  'foreign-key-index-missing': {
    severity: 'warning',
    why: 'Each delete or change of a parent row walks the whole child table, while it holds the write lock.',
    advice: 'Make an index that begins with the column.',
  },
  'journal-mode': {
    severity: 'warning',
    why: 'Outside of WAL each commit waits until nobody reads, and each read until nobody commits: "database is locked".',
    advice:
      'Open it once with holdfast/db, or run PRAGMA journal_mode=WAL while nobody else has it open. It stays so.',
  },
  'journal-left': {
    severity: 'warning',
    why: 'A writer died in the middle of a transaction, and its rollback journal is still there. Without that file the database would be broken.',
    advice:
      'Never delete or move the -journal file. Open the database once with a client that may write: it rolls back.',
  },
  'wal-large': {
    severity: 'warning',
    why: 'Reads search the WAL, opening after a crash reads it whole, and the disk fills up. It grows when nobody carries it into the file, or a reader never ends.',
    advice:
      'End the long reader, if one is shown. Then run the service, whose maintenance carries it over, or checkpoint() of holdfast/db.',
  },
  'long-reader': {
    severity: 'warning',
    why: 'As long as somebody reads an old state the WAL cannot start anew and grows; outside of WAL it holds up every commit.',
    advice:
      'Look at the process: a transaction left open, or a cursor (.iterate()) that was not read to its end.',
  },
  'lock-held': {
    severity: 'warning',
    why: 'One process had the write lock at both looks. Nobody else can write meanwhile.',
    advice:
      'If it was not just busy: look at the process for a transaction that is left open across a wait.',
  },
  'schema-behind': {
    severity: 'warning',
    why: 'The schema is older than this code, which cannot work with it.',
    advice: 'Run holdfast migrate, or start the service: it migrates by itself.',
  },
  'space-unused': {
    severity: 'warning',
    why: 'A large part of the file is empty pages: disk, backups and copies pay for it.',
    advice:
      'With auto_vacuum=INCREMENTAL maintenance gives it back (POST /v1/maintenance/vacuum). Else run VACUUM once, when nobody writes.',
  },
  'schema-newer': {
    severity: 'note',
    why: 'A newer release has migrated it. The release before is served by it.',
    advice: 'Update this code too.',
  },
  'wal-reset-bug': {
    severity: 'note',
    why: 'SQLite before 3.51.3 can corrupt a WAL database when a commit meets two checkpoints of different connections, above all with mmap_size over 0.',
    advice:
      'Let holdfast/db alone checkpoint: it holds the write lock meanwhile. Other programs on the file need PRAGMA wal_autocheckpoint=0 and mmap_size=0.',
  },
  'default-settings': {
    severity: 'note',
    why: 'A client with the defaults does not wait for the lock at all: its writes fail with "database is locked".',
    advice: 'Open it with createClient of holdfast/db, which waits up to its deadline.',
  },
  writing: {
    severity: 'note',
    why: 'Somebody had the write lock when it was looked at. That is well as long as it is short.',
    advice: 'Nothing. Look again, if others wait.',
  },
  managed: {
    severity: 'note',
    why: 'Journal, locks and checkpoints are the server’s: clients cannot set them.',
    advice:
      'Start a self-hosted server with --checkpoint-interval-s 30: as it comes, many writers can bring it to a standstill. To have it checkpointed by maintenance set …_DATABASE_ADMIN_URL.',
  },
  'server-durability': {
    severity: 'note',
    why: 'The server commits with synchronous=NORMAL: a power cut on its machine loses the last commits.',
    advice:
      'On a self-hosted server set durability_mode to strong for the namespace, where promises must survive that.',
  },
} as const satisfies Record<string, FindingText>;

export type FindingCode = keyof typeof FINDINGS;

/** One thing that the doctor has to say. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** What was seen, with its figures. */
  readonly found: string;
  readonly why: string;
  readonly advice: string;
  /** SQL that cures it, where some does. */
  readonly statements: readonly string[];
}

export function finding(
  code: FindingCode,
  found: string,
  statements: readonly string[] = [],
): Finding {
  return { code, found, ...FINDINGS[code], statements };
}
