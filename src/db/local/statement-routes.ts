import type { NormalStatement } from '../drop-in/statement-forms.js';
import { makesTemporary, type Route, routeOf } from '../sql-route.js';

const ROUTES_MAX = 1_000;

/** Remembers where each SQL text goes, and what reads have turned out to write. */
export class StatementRoutes {
  readonly #routes = new Map<string, Route>();
  /** Temporary objects live on the writer alone: once there are some, every read goes there. */
  #temporary = false;

  of(sql: string): Route {
    const known = this.#routes.get(sql);
    const route = known ?? this.#learn(sql);
    return route === 'read' && this.#temporary ? 'write' : route;
  }

  allRead(statements: readonly NormalStatement[]): boolean {
    this.noteAll(statements);
    return statements.every(({ sql }) => this.of(sql) === 'read');
  }

  noteAll(statements: readonly NormalStatement[]): void {
    for (const { sql } of statements) this.of(sql);
  }

  /** A statement that looked like a read was refused by `query_only`. */
  writes(sql: string): void {
    this.#routes.set(sql, 'write');
  }

  #learn(sql: string): Route {
    if (this.#routes.size >= ROUTES_MAX) this.#routes.clear();
    const route = routeOf(sql);
    if (route === 'write' && makesTemporary(sql)) this.#temporary = true;
    this.#routes.set(sql, route);
    return route;
  }
}
