import { T0 } from './timeline.js';

interface Line {
  readonly at: number;
  readonly who: string;
  readonly what: string;
  readonly detail: unknown;
}

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const DETAIL_LENGTH_MAX = 400;

/** What happened, to be read by people. */
export class Trace {
  readonly #lines: Line[] = [];

  note(at: number, who: string, what: string, detail?: unknown): void {
    this.#lines.push({ at, who, what, detail });
  }

  get length(): number {
    return this.#lines.length;
  }

  /** One line a step; ids are numbered in the order in which they appear. */
  text(last = Number.POSITIVE_INFINITY): string {
    const names = new Map<string, string>();
    const named = (id: string) => {
      const name = names.get(id) ?? `#${names.size + 1}`;
      names.set(id, name);
      return name;
    };
    const lines = this.#lines.map(({ at, who, what, detail }) => {
      const seconds = ((at - T0) / 1_000).toFixed(3).padStart(9);
      const more = detail === undefined ? '' : ` ${textOf(detail)}`;
      return `${seconds}  ${who.padEnd(12)} ${what}${more}`.replaceAll(ID, named);
    });
    const kept = Number.isFinite(last) ? lines.slice(-last) : lines;
    const left = lines.length - kept.length;
    return [...(left > 0 ? [`(${left} lines before)`] : []), ...kept].join('\n');
  }
}

function textOf(detail: unknown): string {
  const text = typeof detail === 'string' ? detail : JSON.stringify(detail);
  return text.length <= DETAIL_LENGTH_MAX ? text : `${text.slice(0, DETAIL_LENGTH_MAX)}…`;
}
