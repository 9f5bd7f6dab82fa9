/**
 * Cuts a script into its statements. Knows strings, quoted names, comments and
 * the bodies of triggers, as SQLite's own `sqlite3_complete` does. What follows
 * the last semicolon is a statement too, unless it is blank; it keeps the white space at its end,
 * which may be within a string that goes on.
 */
export function splitScript(script: string): string[] {
  const statements: string[] = [];
  let start = 0;
  let head: string[] = [];
  let sinceSemicolon: string[] = [];
  for (const { word, at } of tokens(script)) {
    if (word !== undefined) {
      if (head.length < HEAD_WORDS) head.push(word);
      sinceSemicolon.push(word);
      continue;
    }
    const isOver = !isTrigger(head) || (sinceSemicolon.length === 1 && sinceSemicolon[0] === 'end');
    sinceSemicolon = [];
    if (!isOver) continue;
    push(statements, script.slice(start, at + 1));
    start = at + 1;
    head = [];
  }
  push(statements, script.slice(start));
  return statements;
}

interface Token {
  /** In lower case; undefined for a semicolon. */
  readonly word: string | undefined;
  readonly at: number;
}

const TOKEN =
  /\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|[\s\S]/g;

function* tokens(script: string): Generator<Token> {
  for (const { 0: text, 1: word, index } of script.matchAll(TOKEN)) {
    if (word !== undefined || text === ';') yield { word: word?.toLowerCase(), at: index };
  }
}

/** So many tell a trigger. It is over with an END that stands between two semicolons. */
const HEAD_WORDS = 4;

function isTrigger(words: readonly string[]): boolean {
  const head = words[0] === 'explain' ? words.slice(1) : words;
  if (head[0] !== 'create') return false;
  const at = head[1] === 'temp' || head[1] === 'temporary' ? 2 : 1;
  return head[at] === 'trigger';
}

const BLANK = /^(?:\s|;|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))*$/;

function push(statements: string[], statement: string): void {
  if (!BLANK.test(statement)) statements.push(statement.trimStart());
}
