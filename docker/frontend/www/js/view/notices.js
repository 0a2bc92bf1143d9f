import { byId, h, icon } from './dom.js';

/**
 * Short messages above the page's content: one for each subject, until its subject is settled or the user
 * closes it.
 *
 * @param {string} subject
 * @param {string} text
 * @param {{kind?: 'info'|'warning'|'danger', closable?: boolean}} [options]
 */
export function notify(subject, text, { kind = 'info', closable = true } = {}) {
  const list = byId('notices');
  const known = list.querySelector(`[data-subject="${CSS.escape(subject)}"]`);
  if (known?.querySelector('p')?.textContent === text) return;
  known?.remove();
  const close = h('button', { type: 'button', class: 'icon-button icon-button-small', 'aria-label': 'Close this notice', onclick: () => settle(subject) }, icon('close'));
  list.append(h('div', { class: `notice notice-${kind}`, 'data-subject': subject }, icon('alert'), h('p', {}, text), closable && close));
}

/** @param {string} subject */
export function settle(subject) {
  byId('notices').querySelector(`[data-subject="${CSS.escape(subject)}"]`)?.remove();
}
