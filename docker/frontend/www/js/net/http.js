/**
 * A refusal or failure of a REST call, in the platform's own words.
 */
export class HttpError extends Error {
  /**
   * @param {object} facts
   * @param {number} facts.status        0 when no answer came.
   * @param {string} facts.code          `error` of the body, else `unreachable`, `timeout` or `http_<status>`.
   * @param {string} [facts.detail]
   * @param {Record<string, any>} [facts.body]
   */
  constructor({ status, code, detail = '', body = {} }) {
    super(detail || code);
    this.name = 'HttpError';
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.body = body;
  }

  /** Whether the platform may answer the same call later: nothing came back, or it said that it can't now. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * One HTTP call with a time limit; JSON in and out.
 *
 * @param {string} path
 * @param {RequestInit & {timeout?: number, get?: typeof fetch}} [options]   `timeout` in milliseconds.
 * @returns {Promise<Response>} An answer of the 2xx kind.
 * @throws {HttpError}
 */
export async function call(path, { timeout = 10000, get = fetch, ...options } = {}) {
  let answer;
  try {
    answer = await get(path, { ...options, signal: AbortSignal.timeout(timeout) });
  } catch (error) {
    const late = error instanceof DOMException && error.name === 'TimeoutError';
    throw new HttpError({ status: 0, code: late ? 'timeout' : 'unreachable' });
  }
  if (answer.ok) return answer;
  throw refusal(answer.status, await answer.text().catch(() => ''));
}

/**
 * @param {number} status
 * @param {string} text     The body, which may be JSON of the platform or anything of a proxy's.
 * @returns {HttpError}
 */
export function refusal(status, text) {
  /** @type {any} */
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = {}; // A proxy's own page: its status says what there is to say.
  }
  if (body === null || typeof body !== 'object') body = {};
  const code = typeof body.error === 'string' ? body.error : `http_${status}`;
  return new HttpError({ status, code, detail: typeof body.detail === 'string' ? body.detail : '', body });
}

/**
 * The REST routes, as the signed-in user.
 */
export class Api {
  /**
   * @param {object} options
   * @param {() => Promise<string>} options.token            A live access token.
   * @param {(stale: string) => Promise<unknown>} options.renew   Replaces a token that was refused.
   * @param {typeof fetch} [options.get]
   */
  constructor({ token, renew, get = (...args) => fetch(...args) }) {
    this.token = token;
    this.renew = renew;
    this.get = get;
  }

  /**
   * A call with the bearer token; refused for its token, it is made once more with a new one.
   *
   * @param {string} method
   * @param {string} path
   * @param {{json?: unknown, headers?: Record<string, string>, timeout?: number}} [options]
   * @returns {Promise<Response>}
   */
  async send(method, path, { json, headers = {}, timeout } = {}) {
    const once = (/** @type {string} */ token) =>
      call(path, {
        method,
        timeout,
        get: this.get,
        body: json === undefined ? undefined : JSON.stringify(json),
        headers: {
          Accept: 'application/json',
          Authorization: `Bearer ${token}`,
          ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
      });
    const token = await this.token();
    try {
      return await once(token);
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 401) throw error;
      await this.renew(token);
      return once(await this.token());
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Parameters<Api['send']>[2]} [options]
   * @returns {Promise<any>} The parsed body.
   */
  async json(method, path, options) {
    const answer = await this.send(method, path, options);
    return answer.status === 204 ? null : answer.json();
  }
}
