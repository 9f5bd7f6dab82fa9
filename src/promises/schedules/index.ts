export type { Backfill } from './backfill.js';
export type { FireReport } from './fire.js';
export type { SchedulePage } from './lookup.js';
export type { Occurrence, OccurrencePage } from './occurrences.js';
export {
  MISSED_POLICIES,
  type NewSchedule,
  type NewScheduleInput,
  newSchedule,
  OVERLAP_POLICIES,
  type Schedule,
  type SchedulePatch,
  schedulePatch,
} from './schedule.js';
export { Schedules, type SchedulesOptions, upcomingSlots } from './schedules.js';
export { ScopedSchedules } from './scoped-schedules.js';
