/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
import { HoldfastError, systemClock } from '../../src/core/index.js';
import { type Keyring, requireScope, requireWholeService } from '../http/access.js';
import { readBytes } from '../http/body.js';
import type { HttpContext, Page } from '../http/http-context.js';
import { renderPage } from './layout.js';
import { sessionCookie } from './session.js';

const REFUSED: ReadonlySet<string> = new Set(['unauthorized', 'forbidden']);
const FORM_BYTES_MAX = 16_384;

export const signInPages: readonly Page[] = [
  { method: 'get', path: '/sign-in', handle: (context) => form(context) },
  { method: 'post', path: '/sign-in', handle: signIn },
  { method: 'post', path: '/sign-out', handle: signOut },
];

async function signIn(context: HttpContext): Promise<Response> {
  requireSameOrigin(context);
  const bytes = await readBytes(context.req.raw, FORM_BYTES_MAX);
  const key = new URLSearchParams(new TextDecoder().decode(bytes)).get('key')?.trim() ?? '';
  const { keyring, sessions } = context.env;
  if (!(await mayLook(keyring, key))) return form(context, true);
  const cookie = await sessions.open(systemClock.now());
  context.header('Set-Cookie', sessionCookie(context, cookie));
  return context.redirect('/', 303);
}

/** Pages show the whole service: they open to whoever may read all of it. */
async function mayLook(keyring: Keyring, key: string): Promise<boolean> {
  try {
    const principal = await keyring.holderOf(key);
    requireScope(principal, 'read');
    requireWholeService(principal);
    return true;
  } catch (error) {
    const isRefused = error instanceof HoldfastError && REFUSED.has(error.code);
    if (isRefused) return false;
    throw error;
  }
}

function signOut(context: HttpContext): Response {
  requireSameOrigin(context);
  context.header('Set-Cookie', sessionCookie(context, ''));
  return context.redirect('/sign-in', 303);
}

/** Another site must not sign a browser in or out. Clients that are no browsers send neither header. */
function requireSameOrigin(context: HttpContext): void {
  const site = context.req.header('Sec-Fetch-Site');
  const origin = context.req.header('Origin');
  const isOwn =
    site === undefined
      ? origin === undefined || hostOf(origin) === context.req.header('Host')
      : site === 'same-origin' || site === 'none';
  if (!isOwn) throw new HoldfastError('forbidden', 'this form is not taken from another site');
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function form(context: HttpContext, isRefused = false): Response | Promise<Response> {
  return renderPage(context, {
    title: 'Sign in · Holdfast',
    status: isRefused ? 403 : 200,
    content: (
      <main>
        <h1>Holdfast</h1>
        <form method="post" action="/sign-in">
          <p>
            <label for="key">API key</label>
            <br />
            <input
              id="key"
              name="key"
              type="password"
              autocomplete="current-password"
              required
              autofocus
            />
          </p>
          {isRefused ? (
            <p class="bad" role="alert">
              This key is not known.
            </p>
          ) : null}
          <p>
            <button type="submit">Sign in</button>
          </p>
        </form>
        <p>
          The key is <code>HOLDFAST_API_KEY</code>, or the one that <code>npm start</code> printed.{' '}
          <a href="/docs">API reference</a>
        </p>
      </main>
    ),
  });
}
