import { z } from 'zod';
import { duration, HoldfastError, inputIssues, parseDuration } from '../src/core/index.js';
import { refuseWebhookSecret } from '../src/outbound/index.js';
import { LEASE_MS, type Origin, origin } from '../src/promises/index.js';
import { encryptionKeys, HEALTH_THRESHOLDS } from '../src/tasks/index.js';

/** Where the service runs: one machine, or a Worker with nothing of its own. */
export type Edge = 'node' | 'worker';

const LOOPBACK_HOSTS = ['127.0.0.1', '::1', 'localhost'] as const;
const KEY_LENGTH_MIN = 32;
const KEY_RULE = `must be at least ${KEY_LENGTH_MIN} characters long`;
const SECRET = /KEY|TOKEN|SECRET/;
const URL_SCHEMES = /^(file|https?|libsql|wss?):/;

const HTTP_RULE = 'must be an http: or https: URL';

const flag = z
  .enum(['on', 'off'], { error: 'must be "on" or "off"' })
  .transform((value) => value === 'on');
const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, { error: `must be a whole number from ${min} to ${max}` })
    .transform(Number)
    .refine((value) => value >= min && value <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    });
const databaseUrl = z.string().regex(URL_SCHEMES, {
  error: 'must be a URL that starts with file:, http:, https:, libsql:, ws: or wss:',
});
const serverUrl = z.url({
  protocol: /^(https?|libsql)$/,
  error: 'must be an http:, https: or libsql: URL',
});
const milliseconds = z
  .string()
  .transform((value) => (/^\d+$/.test(value) ? Number(value) : value))
  .pipe(duration);
const webhookSecret = z.string().superRefine((value, context) => {
  const rule = refuseWebhookSecret(value);
  if (rule !== undefined) context.addIssue({ code: 'custom', message: rule });
});
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const ALERT_RULE = 'must be a comma list of telegram:CHAT, mailto:ADDRESS, http: or https: URLs';

/** Who is told, as origins have it. */
const alertTargets = list.transform((targets, context) =>
  targets.map((target): Origin => {
    const [, scheme, rest = ''] = /^(telegram|mailto|https?):(.*)$/.exec(target) ?? [];
    const parsed = origin.safeParse(
      scheme === 'telegram'
        ? { channel: 'telegram', chat: rest }
        : scheme === 'mailto'
          ? { channel: 'mail', to: rest }
          : { channel: 'webhook', url: scheme === undefined ? '' : target },
    );
    if (parsed.success) return parsed.data;
    context.addIssue({ code: 'custom', message: ALERT_RULE });
    return z.NEVER;
  }),
);

const RATE = /^(\d{1,9})\/(\S+)$/;
const rateLimit = z.string().transform((value, context) => {
  const [, limit, period = ''] = RATE.exec(value) ?? [];
  const periodMs = parseDuration(/^\d+$/.test(period) ? Number(period) : period);
  if (Number(limit) >= 1 && periodMs !== undefined && periodMs >= 1) {
    return { limit: Number(limit), periodMs };
  }
  const message = 'must be requests per period, for example "600/1m"';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** Every setting by its name in the environment. `README.md` lists the same; a test keeps the two equal. */
export const environment = z.object({
  /** The bootstrap admin key: any string of at least 32 characters. */
  HOLDFAST_API_KEY: z
    .string()
    .refine((value) => value.length >= KEY_LENGTH_MIN, { error: KEY_RULE })
    .optional(),
  /** `id:base64,id:base64`: the first encrypts what tasks ask to have encrypted, all decrypt. */
  HOLDFAST_ENCRYPTION_KEYS: encryptionKeys.optional(),
  /** Hosts that tasks may call although their addresses are private. */
  HOLDFAST_ALLOW_HOSTS: list.optional(),
  /** Requests a period for keys without a limit of their own: `600/1m`. */
  HOLDFAST_RATE_LIMIT: rateLimit.optional(),
  /** Sign what the `webhook` task and callbacks send: the newest first, the one before it while it is rotated out. */
  HOLDFAST_WEBHOOK_SECRETS: list
    .pipe(
      z
        .array(webhookSecret)
        .max(2, { error: 'must be one secret, or two while one is rotated out' }),
    )
    .optional(),
  /** Origins whose pages may call the API from browsers; `*` is any. */
  HOLDFAST_CORS_ORIGINS: list.optional(),
  /** How long an answer is kept for its `Idempotency-Key`. */
  HOLDFAST_IDEMPOTENCY_LIFETIME: milliseconds
    .refine((ms) => ms >= 60_000 && ms <= 30 * 86_400_000, {
      error: 'must be from 1 minute to 30 days',
    })
    .default(86_400_000),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: whole(0, 65_535).default(8_787),

  QUEUE_DATABASE_URL: databaseUrl.default('file:data/queue.db'),
  QUEUE_DATABASE_AUTH_TOKEN: z.string().min(1).optional(),
  QUEUE_DATABASE_SYNC_URL: serverUrl.optional(),
  QUEUE_DATABASE_ADMIN_URL: serverUrl.optional(),
  SYSTEM_DATABASE_URL: databaseUrl.default('file:data/system.db'),
  SYSTEM_DATABASE_AUTH_TOKEN: z.string().min(1).optional(),
  SYSTEM_DATABASE_SYNC_URL: serverUrl.optional(),
  SYSTEM_DATABASE_ADMIN_URL: serverUrl.optional(),

  /** The application's own database, whose outbox is relayed. */
  OUTBOX_DATABASE_URL: databaseUrl.optional(),
  OUTBOX_DATABASE_AUTH_TOKEN: z.string().min(1).optional(),

  /** The bot that talks in chats; it is off without a token. */
  TELEGRAM_BOT_TOKEN: z
    .string()
    .regex(/^\d+:[\w-]+$/, { error: 'must be a bot token' })
    .optional(),
  /** What Telegram sends with each update: without it none is taken. */
  TELEGRAM_WEBHOOK_SECRET: z
    .string()
    .regex(/^[\w-]{1,256}$/, { error: 'must be 1 to 256 letters, digits, "_" and "-"' })
    .optional(),
  TELEGRAM_API_ROOT: z.url({ protocol: /^https?$/, error: HTTP_RULE }).optional(),
  /** Chats that may command it, and be told something; nobody without. */
  TELEGRAM_ALLOWED_CHATS: list.optional(),

  /** The HTTP API that mail goes through; it is off without a key. */
  MAIL_API_URL: z
    .url({ protocol: /^https?$/, error: HTTP_RULE })
    .default('https://api.resend.com/emails'),
  MAIL_API_KEY: z.string().min(1).optional(),
  MAIL_FROM: z.string().min(3).max(320).optional(),
  /** Addresses and `@domains` that mail may go to; nobody without. */
  MAIL_ALLOWED_TO: list.optional(),
  /** From when on the health report says something. */
  HEALTH_BUSY_PROMISES: whole(1, 1_000_000_000).default(HEALTH_THRESHOLDS.busyPromises),
  HEALTH_READY_AGE: milliseconds.default(HEALTH_THRESHOLDS.readyAgeMs),
  HEALTH_SUCCESS_PERCENT: whole(0, 100).default(HEALTH_THRESHOLDS.successRateMin * 100),
  HEALTH_WAL_BYTES_MAX: whole(0, 1_000_000_000_000).default(HEALTH_THRESHOLDS.walBytesMax),
  /** Who is told when health changes: `telegram:CHAT`, `mailto:ADDRESS`, or a URL. */
  HEALTH_ALERT_TO: alertTargets.optional(),

  /** A language model behind an OpenAI-compatible endpoint; it is off without a name. */
  MODEL_NAME: z.string().min(1).optional(),
  MODEL_API_KEY: z.string().min(1).optional(),
  MODEL_URL: z.url({ protocol: /^https?$/, error: HTTP_RULE }).default('https://api.openai.com/v1'),
  /** Who searches the web: a SearXNG instance, or a model that searches by itself. */
  SEARXNG_URL: z.url({ protocol: /^https?$/, error: HTTP_RULE }).optional(),
  SEARCH_MODEL_NAME: z.string().min(1).optional(),
  /** Whether a message that may have been sent before is sent once more. */
  NOTIFY_RESEND_UNKNOWN: flag.default(false),

  /** The rollback plan: each turns one decision of the database layer back. */
  HOLDFAST_JOURNAL_MODE: z.enum(['wal', 'delete']).default('wal'),
  QUEUE_DATABASE_SYNCHRONOUS: z.enum(['full', 'normal']).default('full'),
  SYSTEM_DATABASE_SYNCHRONOUS: z.enum(['full', 'normal']).default('normal'),
  HOLDFAST_CHECKPOINTS: flag.default(true),
  HOLDFAST_MMAP: flag.default(true),
  HOLDFAST_BUSY_DEADLINE: milliseconds.default(30_000),

  /** Promises that this process runs at once. */
  HOLDFAST_CONCURRENCY: whole(1, 1_000).default(32),
  /** How long this process holds a promise without a heartbeat: what a crash delays it by. */
  HOLDFAST_LEASE: milliseconds
    .refine((ms) => ms >= LEASE_MS.min && ms <= LEASE_MS.max, {
      error: 'must be from 1 second to 12 hours',
    })
    .default(LEASE_MS.default),
  /** How long a stop waits for what is running. */
  HOLDFAST_DRAIN: milliseconds.default(10_000),
  /** Streams of events that may be open at once, in all and of one key. */
  HOLDFAST_STREAMS: whole(1, 100_000).default(1_000),
  HOLDFAST_STREAMS_PER_KEY: whole(1, 100_000).default(100),
  HOLDFAST_BODY_BYTES_MAX: whole(1_024, 104_857_600).default(1_048_576),
  HOLDFAST_BATCH_BYTES_MAX: whole(1_024, 104_857_600).default(8_388_608),
  /** What is brought in by `POST /v1/import` is held in memory. */
  HOLDFAST_IMPORT_BYTES_MAX: whole(1_024, 1_073_741_824).default(33_554_432),
  /** Where backups are kept; set, they are taken by themselves. */
  HOLDFAST_BACKUP_DIRECTORY: z.string().min(1).optional(),
  HOLDFAST_BACKUP_EVERY: milliseconds
    .refine((ms) => ms >= 60_000 && ms <= 30 * 86_400_000, {
      error: 'must be from 1 minute to 30 days',
    })
    .default(86_400_000),
  HOLDFAST_BACKUP_KEEP: whole(1, 1_000).default(7),
  HOLDFAST_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('warn'),
});

/** The settings, parsed: durations in milliseconds, lists as lists. */
export type Settings = Readonly<z.output<typeof environment>>;
export type SettingName = keyof Settings;

/**
 * Reads the settings, `defaults` standing in for what `env` does not have. An
 * empty value counts as none.
 * @throws HoldfastError `setting-invalid` with every problem: name, rule and
 *   value received. Values of secrets are not in it.
 */
export function readSettings(
  env: Readonly<Record<string, unknown>>,
  edge: Edge,
  defaults: Readonly<Partial<Record<SettingName, string>>> = {},
): Settings {
  const given = Object.fromEntries(
    Object.keys(environment.shape)
      .map((name) => [name, orNothing(env[name]) ?? defaults[name as SettingName]] as const)
      .filter(([, value]) => value !== undefined),
  );
  const parsed = environment.safeParse(given);
  const issues = parsed.success
    ? []
    : inputIssues(parsed.error, given).map(({ path, rule, received }) => ({
        name: path,
        rule,
        received: SECRET.test(path) ? secretOf(given[path]) : withoutCredentials(received),
      }));
  if (edge === 'worker') issues.push(...missingOnWorkers(given));
  if (parsed.success && issues.length === 0) return parsed.data;
  const lines = issues.map(({ name, rule, received }) => `${name}: ${rule} (received ${received})`);
  throw new HoldfastError('setting-invalid', lines.join('\n'), { details: { issues } });
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/**
 * The hosts that tasks may call although they are private: what was set, or the
 * machine itself while only the machine itself can reach the service.
 */
export function allowedHosts(settings: Settings): readonly string[] {
  if (settings.HOLDFAST_ALLOW_HOSTS !== undefined) return settings.HOLDFAST_ALLOW_HOSTS;
  return settings.HOLDFAST_API_KEY === undefined && isLoopback(settings.HOST) ? LOOPBACK_HOSTS : [];
}

function missingOnWorkers(given: Readonly<Record<string, unknown>>) {
  const issues: { name: string; rule: string; received: string }[] = [];
  if (given.HOLDFAST_API_KEY === undefined) {
    const rule = `must be set on a Worker, and ${KEY_RULE}`;
    issues.push({ name: 'HOLDFAST_API_KEY', rule, received: 'nothing' });
  }
  for (const name of ['QUEUE_DATABASE_URL', 'SYSTEM_DATABASE_URL'] as const) {
    const value = given[name];
    if (value !== undefined && !(typeof value === 'string' && value.startsWith('file:'))) continue;
    const rule = 'must be set to the URL of a libSQL server on a Worker';
    issues.push({ name, rule, received: value === undefined ? 'nothing' : JSON.stringify(value) });
  }
  return issues;
}

function orNothing(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  return String(value);
}

/** URLs may carry a user, a password or a token. */
function withoutCredentials(received: string): string {
  return received.replace(/\/\/[^/@]*@/, '//…@').replace(/\?.*?("|…|$)/, '?…$1');
}

function secretOf(value: unknown): string {
  return typeof value === 'string' ? `a secret of ${value.length} characters` : 'nothing';
}
