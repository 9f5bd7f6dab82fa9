export type { Backfill } from './backfill.js';
export type { FireReport } from './fire.js';
export type { SchedulePage } from './lookup.js';
export type { Occurrence, OccurrencePage } from './occurrences.js';
export {
  type NewSchedule,
  type NewScheduleInput,
  newSchedule,
  type Schedule,
  scheduleName,
} from './schedule.js';
export { Schedules, upcomingSlots } from './schedules.js';
