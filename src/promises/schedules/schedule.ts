import { z } from 'zod';
import { duration, messageOf, text } from '../../core/index.js';
import { instant, type NewPromise, newPromise } from '../promise.js';
import { CronExpression, type DstRule } from './cron.js';
import { type Timing, timetableOf } from './timetable.js';
import { Zone } from './zone.js';

export const MISSED_POLICIES = ['skip', 'latest', 'all'] as const;
export const OVERLAP_POLICIES = ['allow', 'skip', 'queue', 'cancel'] as const;

export const SCHEDULE_DEFAULTS = {
  timezone: 'UTC',
  overlap: 'allow',
  jitterMs: 0,
  missed: { policy: 'latest', cap: 100, windowMs: 86_400_000, graceMs: 120_000 },
} as const;

/** Slots of one schedule that one write fires. */
export const FIRINGS_MAX = 500;
/** Promises of one schedule that may be open under `queue`. */
export const QUEUED_MAX = 100;

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const EVERY_MS_MIN = 1_000;
/** What a schedule makes, as JSON: due schedules are read many at a time. */
const TEMPLATE_LENGTH_MAX = 65_536;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]*$/;

/** The name of a schedule: part of its address. */
export const scheduleName = text(1, 200).regex(NAME, {
  error: 'must start with a letter or digit and go on with letters, digits, "." "_" ":" or "-"',
});

const cron = text(1, 200).superRefine((value, context) => {
  try {
    new CronExpression(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
  }
});

const every = duration.refine((ms) => ms >= EVERY_MS_MIN && ms % 1_000 === 0, {
  error: 'must be whole seconds, at least 1',
});

const timezone = text(1, 100).refine((value) => Zone.of(value) !== undefined, {
  error: 'must be a time zone of the IANA database, for example "Europe/Berlin"',
});

const upTo = (max: number, words: string) =>
  duration.refine((ms) => ms <= max, { error: `must be at most ${words}` });

/** What happens to slots that nobody was there to fire. */
const missed = z.union([
  z.enum(MISSED_POLICIES),
  z.strictObject({
    policy: z.enum(MISSED_POLICIES),
    /** With `all`: how many, the latest first chosen; 1 to 500. Default 100. */
    cap: z.int().min(1).max(FIRINGS_MAX).optional(),
    /** With `all`: no slot that is older. Default 1 day, at most 30. */
    window: upTo(30 * DAY_MS, '30 days').optional(),
    /** A slot fired this late is on time all the same. Default 2 minutes, at most 1 hour. */
    grace: upTo(HOUR_MS, '1 hour').optional(),
  }),
]);

/** What cannot be said once for all promises of a schedule. */
const NOT_IN_TEMPLATE = [
  'runAt',
  'key',
  'unique',
  'debounce',
  'throttle',
  'dependsOn',
  'onParentFailure',
  'expiresAt',
] as const;

/** The promise that each slot makes: as for `POST /v1/promises`, without what belongs to a single one. */
const template = newPromise
  .superRefine((value, context) => {
    for (const field of NOT_IN_TEMPLATE) {
      if (field in value && (value as Record<string, unknown>)[field] !== undefined) {
        context.addIssue({
          code: 'custom',
          path: [field],
          message: 'cannot be given here: it would be the same for every slot',
        });
      }
    }
  })
  .refine((value) => JSON.stringify(value).length <= TEMPLATE_LENGTH_MAX, {
    error: `must be at most ${TEMPLATE_LENGTH_MAX} characters of JSON`,
  });

/** What a schedule says beside its name. */
const fields = {
  /** Five fields, or six with seconds first. One of `cron` and `every`. */
  cron: cron.optional(),
  /** An interval of whole seconds, at least 1 s: from `startAt`, else from now. */
  every: every.optional(),
  /** With `cron`: whose clocks it is read on. Default UTC. */
  timezone: timezone.optional(),
  /** What each slot makes. */
  promise: template,
  /** Slots that nobody was there to fire: none, the latest, or all of them. Default `latest`. */
  missed: missed.optional(),
  /** When the promise before is not settled yet: both, not this one, one after the other, or this one alone. Default `allow`. */
  overlap: z.enum(OVERLAP_POLICIES).optional(),
  /**
   * With `cron`: times that the clocks skip (`gap`) and show twice (`fold`). Default
   * `after` and `first` for a time of day, `skip` and `both` for what has `*` or `/` in it.
   */
  dst: z
    .strictObject({
      gap: z.enum(['skip', 'after']).optional(),
      fold: z.enum(['first', 'last', 'both']).optional(),
    })
    .optional(),
  /** Each promise is due up to this much after its slot, always as much for the same slot. At most 1 day. Default none. */
  jitter: upTo(DAY_MS, '1 day').optional(),
  /** No slot is before it. */
  startAt: instant.optional(),
  /** Every slot is before it. */
  endAt: instant.optional(),
};

/** A schedule to be made, as `POST /v1/schedules` takes it. */
export const newSchedule = z
  .strictObject({ name: scheduleName, ...fields })
  .superRefine((value, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (value.cron === undefined && value.every === undefined) {
      refuse('cron', 'must be given, or every');
    }
    if (value.cron !== undefined && value.every !== undefined) {
      refuse('every', 'cannot be given together with cron');
    }
    for (const field of ['timezone', 'dst'] as const) {
      if (value[field] !== undefined && value.cron === undefined) refuse(field, 'goes with cron');
    }
    const { startAt, endAt } = value;
    if (startAt !== undefined && endAt !== undefined && startAt >= endAt) {
      refuse('endAt', 'must be after startAt');
    }
  });

/** A change of a schedule: what is given replaces what was, null takes it away. */
export const schedulePatch = z.strictObject({
  ...(Object.fromEntries(
    Object.entries(fields).map(([field, schema]) => [field, schema.nullable().optional()]),
  ) as { [K in keyof typeof fields]: z.ZodOptional<z.ZodNullable<(typeof fields)[K]>> }),
  promise: template.optional(),
});

export type SchedulePatch = z.output<typeof schedulePatch>;

/** What a caller writes. */
export type NewScheduleInput = z.input<typeof newSchedule>;
export type NewSchedule = z.output<typeof newSchedule>;

export interface MissedRule {
  readonly policy: (typeof MISSED_POLICIES)[number];
  readonly cap: number;
  readonly windowMs: number;
  readonly graceMs: number;
}

/** How a schedule is kept: everything but its name, its promise and its place in time. */
export type ScheduleSettings = Timing & {
  readonly missed: MissedRule;
  readonly overlap: (typeof OVERLAP_POLICIES)[number];
  readonly jitterMs: number;
};

/** A schedule as it is stored. Instants are milliseconds since the epoch. */
export interface Schedule {
  readonly name: string;
  /** Its own, also when a name is used again. */
  readonly id: string;
  /** Another with every change; firing is none. */
  readonly revision: string;
  readonly settings: ScheduleSettings;
  readonly promise: NewPromise;
  readonly pausedAt: number | null;
  /** The next slot that is not decided yet; null when there is none any more. */
  readonly nextSlotAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** @param anchorAt what an interval without `startAt` counts from */
export function settingsOf(input: NewSchedule, anchorAt: number): ScheduleSettings {
  const { startAt = null, endAt = null } = input;
  const rules = {
    startAt,
    endAt,
    missed: missedRuleOf(input.missed),
    overlap: input.overlap ?? SCHEDULE_DEFAULTS.overlap,
    jitterMs: input.jitter ?? SCHEDULE_DEFAULTS.jitterMs,
  };
  if (input.cron === undefined) {
    return { ...rules, everyMs: input.every ?? 0, anchorAt: startAt ?? anchorAt };
  }
  const usual: DstRule = new CronExpression(input.cron).usualDst;
  const { gap = usual.gap, fold = usual.fold } = input.dst ?? {};
  const zone = input.timezone ?? SCHEDULE_DEFAULTS.timezone;
  return { ...rules, cron: input.cron, timezone: zone, dst: { gap, fold } };
}

/** The first slot from now on. An interval without `startAt` has its first one interval from now. */
export function firstSlotAt(settings: ScheduleSettings, now: number): number | null {
  const isFromNow = 'everyMs' in settings && settings.startAt === null;
  return timetableOf(settings).next(isFromNow ? now : now - 1);
}

function missedRuleOf(input: NewSchedule['missed']): MissedRule {
  const defaults = SCHEDULE_DEFAULTS.missed;
  if (input === undefined) return defaults;
  if (typeof input === 'string') return { ...defaults, policy: input };
  return {
    policy: input.policy,
    cap: input.cap ?? defaults.cap,
    windowMs: input.window ?? defaults.windowMs,
    graceMs: input.grace ?? defaults.graceMs,
  };
}
