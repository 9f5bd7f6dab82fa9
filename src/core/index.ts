export { BACKOFF_DEFAULTS, type Backoff, backoff, backoffDelayMs } from './backoff.js';
export { type Clock, systemClock, waitAtMost } from './clock.js';
export { digestOf, hexOf } from './digest.js';
export { formatDuration, parseDuration } from './duration.js';
export { duration } from './duration-input.js';
export {
  ERROR_CODES,
  type ErrorCode,
  HoldfastError,
  InputInvalidError,
  type InputIssue,
  isWeather,
  messageOf,
} from './errors.js';
export {
  HISTOGRAM_BOUNDS_MS,
  Histogram,
  type HistogramFigures,
  histogramSince,
  quantileMs,
} from './histogram.js';
export { inputIssues, parseInput } from './input.js';
export { isStorable, JSON_DEPTH_MAX, type Json, json, text } from './json.js';
export { createLog, type Log, type LogLevel, logForTasks, silentLog, type TaskLog } from './log.js';
export { LOG_CODES, type LogCode } from './log-codes.js';
export { newId } from './new-id.js';
export { isObserved, meterInUse, type Observation, observed } from './observe.js';
export { type ProcessMemory, processMemory } from './process-memory.js';
export { type Random, systemRandom } from './random.js';
export { cancel, continueWith, isVerdict, snooze, type Verdict } from './verdict.js';
