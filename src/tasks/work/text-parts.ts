/** What one call of a model is given, in UTF-16 units: about 3,000 tokens. */
export const PART_LENGTH_MAX = 12_000;

/** A text in parts, cut where a paragraph ends, else a line, a sentence or a word, else anywhere. */
export function partsOf(text: string, lengthMax = PART_LENGTH_MAX): string[] {
  const parts: string[] = [];
  let rest = text.trim();
  while (rest.length > lengthMax) {
    const at = cutAt(rest, lengthMax);
    parts.push(rest.slice(0, at).trim());
    rest = rest.slice(at).trim();
  }
  return rest === '' ? parts : [...parts, rest];
}

const ENDS = ['\n\n', '\n', '. ', ' '] as const;

function cutAt(text: string, lengthMax: number): number {
  const window = text.slice(0, lengthMax);
  for (const end of ENDS) {
    const at = window.lastIndexOf(end);
    // A part that is much too short costs a call of its own.
    if (at > lengthMax / 2) return at + end.length;
  }
  // Not through a character.
  return /[\ud800-\udbff]$/.test(window) ? lengthMax - 1 : lengthMax;
}
