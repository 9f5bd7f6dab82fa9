/**
 * The one clock of everything durable: the database's own, in milliseconds since
 * the epoch. Every statement that asks for the time takes `?1`, which is null in
 * production and the virtual time under a test clock.
 */
export const NOW = "coalesce(CAST(?1 AS INTEGER), CAST(unixepoch('subsec') * 1000 AS INTEGER))";

/** What to bind to `?1`: null for the database's own clock. */
export type SqlClock = () => number | null;

export const databaseClock: SqlClock = () => null;
