import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';

/** The end of what was written that is kept to be shown, in UTF-16 units. */
const TAIL_LENGTH_MAX = 16_384;

/** What a process writes: counted, with its end kept, and its standard output as far as it is wanted. */
export class Output {
  readonly #decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };
  readonly #stdout: Buffer[] = [];
  #tail = '';
  #bytes = 0;

  /** Of both streams. */
  get bytes(): number {
    return this.#bytes;
  }

  get stdout(): string {
    return Buffer.concat(this.#stdout).toString('utf8');
  }

  /** The end of both streams, as they came. */
  get tail(): string {
    return readable(this.#tail);
  }

  add(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (stream === 'stdout') this.#stdout.push(chunk);
    const whole = this.#tail + this.#decoders[stream].write(chunk);
    this.#tail = whole.slice(-TAIL_LENGTH_MAX);
  }
}

/** Without the colours of terminals, and without what cannot be stored. */
export function readable(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll('\r\n', '\n')
    .replace(/[^\P{Cc}\t\n]/gu, '\ufffd')
    .toWellFormed();
}

/** The end of a text, from a line's beginning where there is one near. */
export function endOf(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const end = text.slice(-lengthMax).toWellFormed();
  const line = end.indexOf('\n');
  return line >= 0 && line < lengthMax / 2 ? end.slice(line + 1) : end;
}

/** The beginning of a text. */
export function beginningOf(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1).toWellFormed()}…`;
}
