/** A token, or where to get one. A provider is asked again, once, when the server answers 401. */
export type AuthToken = string | (() => string | Promise<string>);

/** Remembers what the provider gave. Calls that come at once share one question. */
export class AuthTokens {
  readonly #source: AuthToken | undefined;
  #current: Promise<string | undefined> | undefined;

  constructor(source: AuthToken | undefined) {
    this.#source = source;
  }

  get refreshable(): boolean {
    return typeof this.#source === 'function';
  }

  get(): Promise<string | undefined> {
    this.#current ??= this.#ask();
    return this.#current;
  }

  /** Forgets the token that was refused, unless another call has replaced it meanwhile. */
  async refused(token: string | undefined): Promise<void> {
    if ((await this.#current) === token) this.#current = undefined;
  }

  async #ask(): Promise<string | undefined> {
    try {
      return typeof this.#source === 'function' ? await this.#source() : this.#source;
    } catch (error) {
      this.#current = undefined;
      throw error;
    }
  }
}
