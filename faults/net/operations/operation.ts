import type { Subject } from './subject.js';

/** What is then done under the fault. */
export interface Attempt {
  readonly call: () => Promise<unknown>;
  /** Whether its effect is there, looked at past the fault. What only reads has none. */
  readonly shows?: () => Promise<boolean>;
}

/** Prepares past the fault. */
export type Operation = (subject: Subject) => Promise<Attempt>;

/** By the name of the method; what follows it after a comma is which way it is called. */
export type Operations = Readonly<Record<string, Operation>>;

/** What answers about that which `prepare` makes past the fault. */
export function reads<T>(
  prepare: (subject: Subject) => Promise<T>,
  call: (subject: Subject, made: T) => Promise<unknown>,
): Operation {
  return async (subject) => {
    const made = await prepare(subject);
    return { call: () => call(subject, made) };
  };
}

/** What changes that which `prepare` makes: `shows` is false before, and true once it is done. */
export function writes<T>(
  prepare: (subject: Subject) => Promise<T>,
  call: (subject: Subject, made: T) => Promise<unknown>,
  shows: (subject: Subject, made: T) => Promise<boolean>,
): Operation {
  return async (subject) => {
    const made = await prepare(subject);
    return { call: () => call(subject, made), shows: () => shows(subject, made) };
  };
}
