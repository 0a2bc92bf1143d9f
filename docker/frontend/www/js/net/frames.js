/** @typedef {import('../types.js').Frame} Frame */

export const PROTOCOL = 'jwt-auth';

/**
 * The subprotocols that carry the credential: browsers can't set headers on a WebSocket, and a token in
 * the URL would end in logs.
 *
 * @param {string} token
 * @returns {string[]}
 */
export function subprotocols(token) {
  return [PROTOCOL, `jwt.${base64url(token)}`];
}

/**
 * @param {string} text
 * @returns {string} base64url without padding (RFC 4648, section 5) of the text's UTF-8.
 */
export function base64url(text) {
  const bytes = new TextEncoder().encode(text);
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/**
 * @param {string} type
 * @param {object} [parts]
 * @param {Record<string, unknown>} [parts.payload]
 * @param {string} [parts.message_id]
 * @param {string} [parts.thread_id]
 * @returns {string} One frame as the server expects it.
 */
export function writeFrame(type, { payload = {}, message_id, thread_id } = {}) {
  return JSON.stringify({ type, payload, message_id, thread_id, timestamp: new Date().toISOString() });
}

/**
 * Parse a server frame. Ids may stand in the envelope or in the payload; readers find them in one place.
 *
 * @param {unknown} data
 * @returns {Frame|null} null when it is no frame (not JSON, no type).
 */
export function readFrame(data) {
  /** @type {any} */
  let raw;
  try {
    raw = JSON.parse(String(data));
  } catch {
    return null; // Text from a proxy or a broken server; whoever counts frames sees that none arrived.
  }
  if (raw === null || typeof raw !== 'object' || typeof raw.type !== 'string') return null;
  const payload = raw.payload !== null && typeof raw.payload === 'object' ? raw.payload : {};
  const pick = (/** @type {string} */ key) => raw[key] ?? payload[key] ?? undefined;
  return {
    type: raw.type,
    payload,
    message_id: pick('message_id'),
    thread_id: pick('thread_id'),
    seq: pick('seq'),
    run_id: pick('run_id'),
    event_id: pick('event_id'),
    n: runNumber(pick('n'), pick('event_id')),
  };
}

/**
 * @param {unknown} n
 * @param {unknown} eventId       `<run_id>:<n>`
 * @returns {number|undefined}
 */
function runNumber(n, eventId) {
  if (typeof n === 'number') return n;
  const tail = typeof eventId === 'string' ? Number(eventId.split(':').pop()) : Number.NaN;
  return Number.isInteger(tail) ? tail : undefined;
}
