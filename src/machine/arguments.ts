import { HoldfastError, InputInvalidError } from '../core/index.js';

/** What a parameter may be: one value, or several for an argument that is nothing but its name. */
type Value = string | number | boolean;

const PLACEHOLDER = /\{([A-Za-z_]\w*)\}/g;
const ALONE = /^\{([A-Za-z_]\w*)\}$/;
const CONTROL = /\p{Cc}/u;
/** What the shells of our days give a meaning to. */
const SHELL_SYNTAX = /[;&|<>$`\\"'(){}[\]*?~!#]/;

/** The parameters that templates name. */
export function namesIn(templates: readonly string[]): string[] {
  return templates.flatMap((template) =>
    [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name),
  );
}

/**
 * The arguments that a program is started with: one for each template, whatever the
 * values hold. A template whose parameter is left out is left out.
 * @throws InputInvalidError naming `payload.parameters…`
 */
export function argumentsOf(
  templates: readonly string[],
  parameters: Readonly<Record<string, unknown>>,
  { shellSyntax }: { readonly shellSyntax: boolean },
): string[] {
  return templates.flatMap((template) => {
    const alone = ALONE.exec(template)?.[1];
    if (alone !== undefined) {
      const value = parameters[alone];
      const values = Array.isArray(value) ? value : [value];
      return values.flatMap((one) =>
        one === undefined || one === null ? [] : [checked(one, alone, true, shellSyntax)],
      );
    }
    if (namesIn([template]).some((name) => (parameters[name] ?? null) === null)) return [];
    return [
      template.replace(PLACEHOLDER, (_match, name: string, at: number) =>
        checked(parameters[name], name, at === 0, shellSyntax),
      ),
    ];
  });
}

function checked(value: unknown, name: string, isFirst: boolean, shellSyntax: boolean): string {
  const text = textOf(value, name);
  if (CONTROL.test(text)) throw refusal(name, 'must have no control characters', value);
  if (isFirst && text.startsWith('-') && typeof value !== 'number') {
    throw refusal(name, 'must not begin with "-": it would be read as an option', value);
  }
  if (!shellSyntax && SHELL_SYNTAX.test(text)) {
    throw refusal(name, 'must have nothing that shells give a meaning to', value);
  }
  return text;
}

function textOf(value: unknown, name: string): string {
  if (isValue(value)) return String(value);
  throw new HoldfastError(
    'run-failed',
    `parameter ${name}: its schema must make it a string, a number or true or false`,
  );
}

function isValue(value: unknown): value is Value {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function refusal(name: string, rule: string, value: unknown): InputInvalidError {
  const received = JSON.stringify(value).slice(0, 100);
  return new InputInvalidError([{ path: `payload.parameters.${name}`, rule, received }]);
}
