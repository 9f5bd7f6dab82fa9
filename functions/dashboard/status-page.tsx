/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
import { getCookie } from 'hono/cookie';
import { raw } from 'hono/html';
import { formatDuration, HoldfastError, systemClock } from '../../src/core/index.js';
import { type PromiseRecord, STATUSES } from '../../src/promises/index.js';
import type { HealthReport } from '../../src/tasks/index.js';
import { requireScope, requireWholeService } from '../http/access.js';
import type { HttpContext, Page } from '../http/http-context.js';
import { isoOf } from '../http/promise-view.js';
import { VERSION } from '../version.js';
import { CHART_RANGES, type Chart, type ChartRange, chartsOf } from './charts.js';
import { renderPage } from './layout.js';
import { cookieName } from './session.js';

const RECENT = 20;
const DEFAULT_TENANT = { tenant: '', queues: null };
const REFRESH_SECONDS = 15;

export const statusPages: readonly Page[] = [{ method: 'get', path: '/', handle: show }];

async function show(context: HttpContext): Promise<Response> {
  const { sessions, keyring, health, store } = context.env;
  const cookie = getCookie(context, cookieName(context));
  if (!(await sessions.isOpen(cookie, systemClock.now()))) {
    const authorization = context.req.header('Authorization');
    if (authorization !== undefined) {
      const principal = await keyring.identify(authorization);
      requireScope(principal, 'read');
      requireWholeService(principal);
    } else if (wantsPage(context)) return context.redirect('/sign-in', 303);
    else throw new HoldfastError('unauthorized', 'send the API key, or sign in at /sign-in');
  }
  const report = await health.report();
  // A queue that cannot be read must not take the page along: the report says why.
  const recent = await store.list({ limit: RECENT, scope: DEFAULT_TENANT }).catch(() => undefined);
  const range = rangeOf(context.req.query('range'));
  const charts = await chartsFor(context, range);
  return renderPage(context, {
    title: 'Holdfast',
    refreshSeconds: REFRESH_SECONDS,
    hasCharts: true,
    content: (
      <>
        <header>
          <h1>
            Holdfast <small>{VERSION}</small>
          </h1>
          <span class={report.status === 'ok' ? 'good' : 'bad'}>{report.status}</span>
          <a href="/docs">API reference</a>
          <form method="post" action="/sign-out">
            <button type="submit">Sign out</button>
          </form>
        </header>
        <main>
          {report.reasons.map((reason) => (
            <p class="bad" role="alert">
              {reason}
            </p>
          ))}
          {report.state === 'attention'
            ? report.observations.map((seen) => (
                <p class="bad" role="alert">
                  {seen}
                </p>
              ))
            : null}
          <Queue queue={report.queue} />
          <Charts charts={charts} range={range} />
          <Recent promises={recent?.promises} />
          <Databases databases={report.databases} />
          <Maintenance maintenance={report.maintenance} />
        </main>
      </>
    ),
  });
}

function rangeOf(asked: string | undefined): ChartRange {
  return asked !== undefined && Object.hasOwn(CHART_RANGES, asked) ? (asked as ChartRange) : 'day';
}

/** Undefined while the history cannot be read: the report says why. */
async function chartsFor(context: HttpContext, range: ChartRange): Promise<Chart[] | undefined> {
  const to = systemClock.now();
  const ask = { from: to - CHART_RANGES[range].spanMs, to };
  const page = await context.env.telemetryHistory.list(ask).catch(() => undefined);
  return page && chartsOf(page);
}

function wantsPage(context: HttpContext): boolean {
  return context.req.header('Accept')?.includes('text/html') ?? false;
}

function Queue({ queue }: Pick<HealthReport, 'queue'>) {
  const { byStatus, oldestReadyAgeMs, stalled, successRate, stale } = queue;
  return (
    <section>
      <h2>Promises{stale ? ' (as they were last seen)' : ''}</h2>
      <ul class="figures">
        {STATUSES.map((status) => (
          <li>
            <b>{byStatus?.[status] ?? '?'}</b>
            {status.replace('_', ' ')}
          </li>
        ))}
        <li>
          <b>{oldestReadyAgeMs === null ? '–' : formatDuration(oldestReadyAgeMs)}</b>
          oldest that is due
        </li>
        <li>
          <b>{stalled ?? '?'}</b>
          stalled
        </li>
        <li>
          <b>{successRate === null ? '–' : `${(successRate * 100).toFixed(1)} %`}</b>
          kept
        </li>
      </ul>
    </section>
  );
}

function Charts({ charts, range }: { charts: readonly Chart[] | undefined; range: ChartRange }) {
  return (
    <section>
      <h2>Charts</h2>
      <p>
        {Object.entries(CHART_RANGES).map(([name, { title }]) => (
          <>{name === range ? <b>{title}</b> : <a href={`/?range=${name}`}>{title}</a>} </>
        ))}
      </p>
      {charts === undefined ? <p class="bad">They cannot be read now.</p> : null}
      {charts?.[0]?.at.length === 0 ? <p>Nothing was noted yet: a minute has to pass.</p> : null}
      <noscript>
        <p>
          Charts need scripts. The numbers are at <code>GET /v1/telemetry/history</code>.
        </p>
      </noscript>
      <div class="charts">
        {charts?.map(({ id, title }) => (
          <figure>
            <h3>{title}</h3>
            <div id={id} />
          </figure>
        ))}
      </div>
      <script id="charts" type="application/json">
        {raw(JSON.stringify(charts ?? []).replaceAll('<', '\\u003c'))}
      </script>
    </section>
  );
}

function Recent({ promises }: { promises: readonly PromiseRecord[] | undefined }) {
  return (
    <section>
      <h2>Recent promises</h2>
      {promises === undefined ? <p class="bad">They cannot be read now.</p> : null}
      {promises?.length === 0 ? <p>None yet.</p> : null}
      {promises !== undefined && promises.length > 0 ? (
        <div class="wide">
          <table>
            <thead>
              <tr>
                <th>Made</th>
                <th>Type</th>
                <th>Queue</th>
                <th>Status</th>
                <th>Attempts</th>
                <th>Id</th>
              </tr>
            </thead>
            <tbody>
              {promises.map((promise) => (
                <tr>
                  <td>{isoOf(promise.createdAt)}</td>
                  <td>{promise.type}</td>
                  <td>{promise.queue}</td>
                  <td title={promise.error?.message}>{promise.status.replace('_', ' ')}</td>
                  <td>
                    {promise.attempt} of {promise.maxAttempts}
                  </td>
                  <td>
                    <code>{promise.id}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </section>
  );
}

function Databases({ databases }: Pick<HealthReport, 'databases'>) {
  return (
    <section>
      <h2>Databases</h2>
      <div class="wide">
        <table>
          <thead>
            <tr>
              <th>Name</th>
              <th>Topology</th>
              <th>Answers</th>
              <th>Settings</th>
              <th>WAL</th>
              <th>Last checkpoint</th>
            </tr>
          </thead>
          <tbody>
            {databases.map((database) => (
              <tr>
                <td>{database.name}</td>
                <td>{database.topology}</td>
                <td class={database.ok ? 'good' : 'bad'}>{database.ok ? 'yes' : 'no'}</td>
                <td>{settingsOf(database)}</td>
                <td>{database.walBytes === null ? '–' : `${database.walBytes} bytes`}</td>
                <td>
                  {database.lastCheckpoint === null
                    ? '–'
                    : isoOf(database.lastCheckpoint.finishedAt)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function settingsOf({ managedBy, verified }: HealthReport['databases'][number]): string {
  if (managedBy === 'server') return 'managed by the server';
  if (verified === null) return 'unknown';
  return verified ? 'verified' : 'not in force';
}

function Maintenance({ maintenance }: Pick<HealthReport, 'maintenance'>) {
  return (
    <section>
      <h2>Maintenance</h2>
      <div class="wide">
        <table>
          <thead>
            <tr>
              <th>Task</th>
              <th>Last run</th>
              <th>Outcome</th>
              <th>Took</th>
              <th>Next</th>
            </tr>
          </thead>
          <tbody>
            {maintenance.map(({ task, lastRun, nextDueAt }) => (
              <tr>
                <td>{task}</td>
                <td>{lastRun === null ? '–' : isoOf(lastRun.finishedAt)}</td>
                <td class={lastRun?.outcome === 'failed' ? 'bad' : ''}>
                  {lastRun?.outcome ?? '–'}
                </td>
                <td>{lastRun === null ? '–' : formatDuration(lastRun.durationMs)}</td>
                <td>{nextDueAt === null ? 'on request' : isoOf(nextDueAt)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
