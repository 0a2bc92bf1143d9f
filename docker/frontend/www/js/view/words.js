/** Codes of the platform in the words of the page. */

/** @type {Record<string, string>} Refusals of the sign-in's callback. */
const SIGN_IN = {
  state_missing: 'The sign-in came back incomplete. Please start again.',
  state_unknown: 'This sign-in was already used or never began here. Please start again.',
  state_expired: 'The sign-in took too long. Please start again.',
  state_wrong_browser: 'The sign-in began in another browser. Please start again in this one.',
  provider_error: 'The provider did not sign you in. You may have declined, or it had a problem.',
  code_missing: 'The provider sent no authorization code. Please start again.',
  code_rejected: 'The provider did not accept its own code again. Please start again.',
  provider_unreachable: 'The provider can’t be reached right now. Please try again in a moment.',
  discovery_issuer_mismatch: 'The provider says that it is somebody else. Nobody was signed in.',
  nonce_mismatch: 'The provider’s answer belongs to another sign-in. Nobody was signed in.',
  id_token_alg: 'The provider signed its answer in a way that is not trusted here. Nobody was signed in.',
  id_token_signature: 'The signature of the provider’s answer is wrong. Nobody was signed in.',
  id_token_issuer: 'The provider’s answer names another issuer. Nobody was signed in.',
  id_token_audience: 'The provider’s answer was meant for another site. Nobody was signed in.',
  id_token_expired: 'The provider’s answer is too old. Please start again.',
  id_token_subject: 'The provider’s answer does not say who you are. Nobody was signed in.',
  id_token_hosted_domain: 'That account is not of the organization that may sign in here. Choose another one.',
  id_token_malformed: 'The provider’s answer is not readable. Nobody was signed in.',
};

/** @type {Record<string, string>} Why a session is over. */
const SIGNED_OUT = {
  signed_out: 'You are signed out.',
  session_revoked: 'Your session was ended, here or on another device. Please sign in again.',
  refresh_expired: 'You were away for long, so your session ended. Please sign in again.',
  refresh_reused: 'Your session was ended for your safety: its key was used twice. Please sign in again.',
  refresh_unknown: 'Your session is not known any more. Please sign in again.',
  refresh_missing: 'Your session ended. Please sign in again.',
};

/** @type {Record<string, string>} Refusals of the REST routes. */
const REFUSALS = {
  empty_file: 'The file is empty.',
  not_a_pdf: 'This is not a PDF.',
  broken_pdf: 'This PDF is damaged and can’t be read.',
  encrypted_pdf: 'This PDF is protected by a password.',
  too_many_pages: 'This PDF has too many pages.',
  operation_in_progress: 'Another change of yours is still being saved.',
  unreachable: 'The service can’t be reached.',
  timeout: 'The service did not answer in time.',
  aborted: 'Stopped.',
};

/** @param {string} code */
export function signInError(code) {
  return SIGN_IN[code] ?? 'The sign-in did not work. Please start again.';
}

/** @param {string} code */
export function signedOut(code) {
  return SIGNED_OUT[code] ?? 'Your session ended. Please sign in again.';
}

/**
 * @param {{code: string, detail?: string, status?: number}} error
 * @param {{maxBytes?: number}} [facts]
 */
export function refused(error, { maxBytes } = {}) {
  if (error.code === 'file_too_large') return `The file is too large${maxBytes ? `: at most ${bytes(maxBytes)}` : ''}.`;
  if (REFUSALS[error.code]) return REFUSALS[error.code];
  if (error.detail) return error.detail;
  return (error.status ?? 0) >= 500 ? 'The service can’t do that right now.' : 'The service refused it.';
}

/**
 * @param {number} count
 * @param {string} one
 */
export function plural(count, one) {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

/**
 * @param {number} count
 * @returns {string} In the decimal units that people read on their own disks.
 */
export function bytes(count) {
  if (count < 1000) return plural(count, 'byte');
  const [value, unit] = count < 1e6 ? [count / 1e3, 'KB'] : [count / 1e6, 'MB'];
  return `${value.toLocaleString('en', { maximumFractionDigits: 1 })} ${unit}`;
}

/**
 * @param {string} text
 * @returns {string} A title's length of it, on one line. Characters are whole: half of a pair would be no text at all.
 */
export function shortened(text) {
  return [...text.replaceAll(/\s+/gu, ' ').trim()].slice(0, 80).join('');
}

/**
 * @param {string} at     RFC 3339
 * @param {Date} [now]
 * @returns {string} The time today, the date before.
 */
export function when(at, now = new Date()) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '';
  const today = date.toDateString() === now.toDateString();
  return today
    ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleDateString([], { day: 'numeric', month: 'short', year: date.getFullYear() === now.getFullYear() ? undefined : 'numeric' });
}

/**
 * @param {number} milliseconds
 * @returns {string} Rounded up, so that zero means now.
 */
export function seconds(milliseconds) {
  const whole = Math.max(0, Math.ceil(milliseconds / 1000));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
