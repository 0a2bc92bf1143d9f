import { h } from './dom.js';

/**
 * A user's picture, or the initials where there is none or it does not load.
 *
 * @param {HTMLElement} holder
 * @param {{name: string, picture?: string|null}} user
 */
export function drawAvatar(holder, { name, picture }) {
  const wanted = `${name}|${picture ?? ''}`;
  if (holder.dataset.of === wanted) return;
  holder.dataset.of = wanted;
  const letters = h('span', { class: 'avatar-initials', role: 'img', 'aria-label': `Initials of ${name}` }, initials(name));
  holder.replaceChildren(letters);
  holder.dataset.shows = 'initials';
  if (!picture || !isPicture(picture)) return;
  const image = h('img', { alt: `Picture of ${name}`, referrerpolicy: 'no-referrer', decoding: 'async' });
  image.addEventListener('load', () => {
    // One that comes late may be of somebody who is not shown any more.
    if (holder.dataset.of !== wanted) return;
    holder.replaceChildren(image);
    holder.dataset.shows = 'picture';
  });
  image.src = picture;
}

/**
 * @param {string} name
 * @returns {string} Two letters at most.
 */
export function initials(name) {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const ends = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return ends.map((word) => [...word][0]?.toUpperCase() ?? '').join('') || '?';
}

/** @param {string} url */
function isPicture(url) {
  return /^(https?:\/\/|data:image\/|\/)/iu.test(url);
}
