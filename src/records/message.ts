import { z } from 'zod';
import { text } from '../core/index.js';

/**
 * `followup`: it came while we were there, and goes on with the talk of its chat. `missed`: it
 * came while we were away. `scheduled`: it is to be taken when its time comes.
 */
export const MESSAGE_KINDS = ['missed', 'scheduled', 'followup'] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

/** `received` → `queued` (a promise is made of it) → `processed` | `failed`. */
export const MESSAGE_STATUSES = ['received', 'queued', 'processed', 'failed'] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

/** The longest message kept, in UTF-16 units. */
const TEXT_LENGTH_MAX = 65_536;

/** A message that has come in. */
export const newMessage = z.strictObject({
  /** UUIDv7, made by whoever takes the message in. */
  id: z.uuid(),
  /** The chat, by its name in the channel it came from, for example `telegram:42`. */
  chat: text(1, 200),
  /** The message's own id in its chat. */
  messageId: text(1, 200),
  text: text(0, TEXT_LENGTH_MAX),
  sender: text(1, 200).optional(),
  kind: z.enum(MESSAGE_KINDS),
  /**
   * When it was written, in milliseconds since the epoch; of a scheduled one, when its time
   * comes. Default now, by the database's clock.
   */
  receivedAt: z.int().min(0).optional(),
});

export type NewMessage = z.input<typeof newMessage>;

/** A message as it is stored. */
export interface Message {
  readonly id: string;
  readonly chat: string;
  readonly messageId: string;
  readonly text: string;
  readonly sender: string | null;
  readonly kind: MessageKind;
  readonly receivedAt: number;
  readonly status: MessageStatus;
  /** What went wrong with it; null unless `failed`. */
  readonly error: string | null;
}
