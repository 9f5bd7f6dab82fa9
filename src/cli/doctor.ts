import { type HoldfastConfig, parseConfig } from '../../functions/config.js';
import { MIGRATIONS } from '../../functions/databases.js';
import { readSettings } from '../../functions/env.js';
import { formatDuration } from '../core/index.js';
import { type Diagnosis, diagnose, type Finding, type KnownSchema } from '../db/index.js';

export interface DoctorArguments {
  readonly authToken?: string;
  readonly json?: boolean;
  readonly integrity: boolean;
}

const SCHEMAS: readonly KnownSchema[] = [
  { profile: 'queue', migrations: MIGRATIONS.queue },
  { profile: 'system', migrations: MIGRATIONS.system },
];

interface Target {
  readonly url: string;
  readonly authToken?: string | undefined;
}

/**
 * Tells what is well and what is not with a database, or with both that the settings
 * name. The exit code is 1 when there is a fault.
 */
export async function runDoctor(
  env: Readonly<Record<string, unknown>>,
  config: HoldfastConfig,
  database: string | undefined,
  { authToken, json = false, integrity }: DoctorArguments,
): Promise<void> {
  const targets =
    database === undefined ? configured(env, config) : [{ url: urlOf(database), authToken }];
  const diagnoses: Diagnosis[] = [];
  for (const target of targets) {
    const diagnosis = await diagnose({ ...target, integrity, schemas: SCHEMAS });
    diagnoses.push(diagnosis);
    if (!json) console.log(textOf(diagnosis));
  }
  if (json) console.log(JSON.stringify(database === undefined ? diagnoses : diagnoses[0], null, 2));
  if (diagnoses.some(({ ok }) => !ok)) process.exitCode = 1;
}

function configured(env: Readonly<Record<string, unknown>>, config: HoldfastConfig): Target[] {
  const settings = readSettings(env, 'node', parseConfig(config).settings);
  return [
    { url: settings.QUEUE_DATABASE_URL, authToken: settings.QUEUE_DATABASE_AUTH_TOKEN },
    { url: settings.SYSTEM_DATABASE_URL, authToken: settings.SYSTEM_DATABASE_AUTH_TOKEN },
  ];
}

/** A bare path is a file. */
function urlOf(database: string): string {
  return /^[a-z]+:/i.test(database) ? database : `file:${database}`;
}

function textOf(diagnosis: Diagnosis): string {
  const { url, findings, notLooked } = diagnosis;
  return [
    `${url}: ${verdictOf(findings)}`,
    ...figuresOf(diagnosis).map((line) => `  ${line}`),
    ...findings.flatMap(linesOf),
    ...notLooked.map((line) => `  not looked at: ${line}`),
    '',
  ].join('\n');
}

function verdictOf(findings: readonly Finding[]): string {
  const count = (severity: Finding['severity']) =>
    findings.filter((one) => one.severity === severity).length;
  const parts = (['fault', 'warning', 'note'] as const)
    .map((severity) => [count(severity), severity] as const)
    .filter(([many]) => many > 0)
    .map(([many, severity]) => `${many} ${severity}${many === 1 ? '' : 's'}`);
  return parts.length === 0 ? 'well' : parts.join(', ');
}

function figuresOf({ file, inside, roundTripMs }: Diagnosis): string[] {
  const lines: string[] = [];
  if (file !== null) {
    const { fileBytes, walBytes, wal } = file;
    const frames =
      wal === null ? '' : `, ${wal.checkpointedFrames} of its ${wal.frames} frames checkpointed`;
    lines.push(`${fileBytes} bytes, WAL ${walBytes} bytes${frames}`);
  }
  if (roundTripMs !== null) lines.push(`one read takes ${formatDuration(roundTripMs)}`);
  if (inside === null) return lines;
  const { sqliteVersion, pages, freePages, settings, schema } = inside;
  lines.push(
    `SQLite ${sqliteVersion ?? 'of an unknown version'}, ${pages} pages, ${freePages} of them empty`,
  );
  if (schema.known !== null) lines.push(`schema of ${schema.known}, version ${schema.version}`);
  lines.push(`as a default client gets it: ${settingsOf(settings.asDefault)}`);
  if (settings.asOurs !== null)
    lines.push(`as holdfast/db gets it: ${settingsOf(settings.asOurs)}`);
  return lines;
}

function settingsOf(settings: Readonly<Record<string, unknown>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function linesOf({ severity, code, found, why, advice, statements }: Finding): string[] {
  return [
    `  ${severity}: ${code}: ${found}`,
    `    why: ${why}`,
    `    do:  ${advice}`,
    ...statements.map((sql) => `         ${sql.replaceAll('\n', ' ')};`),
  ];
}
