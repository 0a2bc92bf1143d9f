/** @typedef {import('../types.js').Settings} Settings */

/** @type {Settings} */
export const DEFAULTS = { heartbeatSeconds: 5, reconnectMinSeconds: 0.5, reconnectMaxSeconds: 30, fileMaxBytes: 10485760 };

/**
 * Read `/config.json`. A page that can't read it works with the defaults rather than not at all.
 *
 * @param {typeof fetch} [get]
 * @returns {Promise<Settings>}
 */
export async function loadSettings(get = fetch) {
  try {
    const answer = await get('/config.json', { cache: 'no-cache', signal: AbortSignal.timeout(4000) });
    return answer.ok ? readSettings(await answer.json()) : DEFAULTS;
  } catch (error) {
    console.warn('config.json is not readable; using the defaults', error);
    return DEFAULTS;
  }
}

/**
 * @param {Record<string, unknown>} raw
 * @returns {Settings} With a default for everything that is missing or no positive number.
 */
export function readSettings(raw) {
  const positive = (/** @type {unknown} */ value, /** @type {number} */ otherwise) =>
    typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : otherwise;
  return {
    heartbeatSeconds: positive(raw.heartbeat_seconds, DEFAULTS.heartbeatSeconds),
    reconnectMinSeconds: positive(raw.reconnect_min_seconds, DEFAULTS.reconnectMinSeconds),
    reconnectMaxSeconds: positive(raw.reconnect_max_seconds, DEFAULTS.reconnectMaxSeconds),
    fileMaxBytes: positive(raw.file_max_bytes, DEFAULTS.fileMaxBytes),
  };
}
