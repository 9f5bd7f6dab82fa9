import { z } from 'zod';
import { parseInput, text } from '../src/core/index.js';
import { type Archive, name } from '../src/promises/index.js';
import type { AnyTask, MessageHandler } from '../src/tasks/index.js';
import { environment, type SettingName } from './env.js';

/** What `holdfast.config.ts` exports: one's own tasks and settings. */
export interface HoldfastConfig {
  /** One's own tasks, beside `webhook` and `echo`. Default none. */
  readonly tasks?: readonly AnyTask[];
  /** Stand in for settings that the environment does not have. No place for secrets. */
  readonly settings?: Readonly<Partial<Record<SettingName, string>>>;
  /**
   * Is given promises before retention deletes them; what it rejects stays, and comes
   * again. Default none: they are deleted.
   */
  readonly archive?: Archive | undefined;
  /** Processes messages that come in. Default: commands are carried out (docs/tasks/message.md). */
  readonly onMessage?: MessageHandler | undefined;
}

const task = z.custom<AnyTask>(
  (value) => {
    const { type, input, run } = (value ?? {}) as Partial<AnyTask>;
    const hasSchema = typeof input === 'object' && typeof input.safeParse === 'function';
    return name.safeParse(type).success && hasSchema && typeof run === 'function';
  },
  {
    error:
      'must be made by defineTask({ type, input, run }) or defineBatchTask, input being a zod schema',
  },
);

const SECRETS = /KEY|TOKEN|SECRET/;

const config = z.strictObject({
  tasks: z.array(task).default([]),
  settings: z
    .partialRecord(z.enum(Object.keys(environment.shape) as [SettingName]), text(1, 2_000))
    .refine((value) => !Object.keys(value).some((name) => SECRETS.test(name)), {
      error: 'secrets belong into the environment',
    })
    .default({}),
  archive: z
    .custom<Archive>((value) => typeof value === 'function', { error: 'must be a function' })
    .optional(),
  onMessage: z
    .custom<MessageHandler>((value) => typeof value === 'function', { error: 'must be a function' })
    .optional(),
});

/** The configuration, checked: it may be plain JavaScript. */
export type Config = Required<Omit<HoldfastConfig, 'archive' | 'onMessage'>> &
  Pick<HoldfastConfig, 'archive' | 'onMessage'>;

/** @throws InputInvalidError naming the field, its rule and the value received */
export function parseConfig(value: unknown): Config {
  return parseInput(config, value, 'holdfast.config');
}
