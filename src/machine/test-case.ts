/** One test of a report. */
export interface TestCase {
  readonly name: string;
  /** The file that the report names; undefined when it names none. */
  readonly file: string | undefined;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly durationMs: number;
  /** Of a failed one: what went wrong. */
  readonly message: string;
  /** Of a failed one: what it wrote, as far as the report has it. */
  readonly output: string;
}

/** What a program's report is, by its form. */
export const REPORT_FORMS = ['junit', 'tap'] as const;
export type ReportForm = (typeof REPORT_FORMS)[number];

/** Deeper nesting of suites is no report of tests. */
export const SUITE_DEPTH_MAX = 64;

/** Seconds as reports write them. */
export function msOfSeconds(text: unknown): number {
  const ms = Math.round(Number(text) * 1_000);
  return Number.isFinite(ms) && ms > 0 ? ms : 0;
}
