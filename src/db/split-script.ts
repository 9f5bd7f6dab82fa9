/**
 * Cuts a script into its statements. Knows strings, quoted names, comments and
 * the bodies of triggers, as SQLite's own `sqlite3_complete` does. What follows
 * the last semicolon is a statement too, unless it is blank.
 */
export function splitScript(script: string): string[] {
  const statements: string[] = [];
  let start = 0;
  let words: string[] = [];
  for (const token of tokens(script)) {
    if (token.kind === 'word') words = countWord(words, token.text);
    if (token.kind !== 'semicolon' || insideTrigger(words)) continue;
    if (words.length > 0 || token.at > start) push(statements, script.slice(start, token.at + 1));
    start = token.at + 1;
    words = [];
  }
  push(statements, script.slice(start));
  return statements;
}

interface Token {
  readonly kind: 'word' | 'semicolon' | 'other';
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /(?<skip>\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?)|(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<semicolon>;)|[\s\S]/g;

function* tokens(script: string): Generator<Token> {
  for (const match of script.matchAll(TOKEN)) {
    const { groups, index } = match;
    if (groups?.word !== undefined) yield { kind: 'word', text: match[0].toLowerCase(), at: index };
    else if (groups?.semicolon !== undefined) yield { kind: 'semicolon', text: ';', at: index };
  }
}

/** The first four words tell a trigger; of the others only the depth of BEGIN and CASE counts. */
const HEAD_WORDS = 4;

function countWord(words: string[], word: string): string[] {
  if (words.length < HEAD_WORDS) {
    const head = [...words, word];
    return word === 'begin' && isTrigger(words) ? [...head, 'begin'] : head;
  }
  if (!isTrigger(words)) return words;
  if (word === 'begin' || word === 'case') return [...words, word];
  if (word === 'end') return words.length > HEAD_WORDS ? words.slice(0, -1) : words;
  return words;
}

function isTrigger(words: readonly string[]): boolean {
  const head = words[0] === 'explain' ? words.slice(1) : words;
  if (head[0] !== 'create') return false;
  const at = head[1] === 'temp' || head[1] === 'temporary' ? 2 : 1;
  return head[at] === 'trigger';
}

/** A trigger's own semicolons come after its BEGIN and before its END. */
function insideTrigger(words: readonly string[]): boolean {
  return isTrigger(words) && words.length > HEAD_WORDS;
}

const BLANK = /^(?:\s|;|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))*$/;

function push(statements: string[], statement: string): void {
  if (!BLANK.test(statement)) statements.push(statement.trim());
}
