/**
 * Make an element. Text always goes in as text, never as markup: what users and agents write can't become code.
 *
 * @param {string} tag
 * @param {Record<string, any>} [attributes]   `class`, `onclick` and the like, `data-…`; undefined, null and false are left out.
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false).map(asNode));
  return element;
}

/** @param {any} child */
const asNode = (child) => (child instanceof Node ? child : String(child));

/**
 * @param {string} name   Of a symbol in index.html, without its `i-`.
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/**
 * @param {string} id
 * @returns {any} The element of index.html; its absence is a bug that should not go unnoticed.
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no element #${id}`);
  return element;
}

/**
 * Set a text only when it differs: live regions announce every write.
 *
 * @param {HTMLElement} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {HTMLElement} element
 * @param {boolean} visible
 */
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/**
 * Bring a list's children in line with its items, keeping the elements of items that stay: focus, open
 * details and selected text survive.
 *
 * @template T
 * @param {HTMLElement} parent
 * @param {T[]} items
 * @param {object} how
 * @param {(item: T) => string} how.key
 * @param {(item: T) => HTMLElement} how.make
 * @param {(element: any, item: T) => void} how.update
 */
export function reconcile(parent, items, { key, make, update }) {
  const existing = new Map();
  for (const child of /** @type {Iterable<HTMLElement>} */ (parent.children)) existing.set(child.dataset.key, child);
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    let element = existing.get(name);
    existing.delete(name);
    if (element === undefined) {
      element = make(item);
      element.dataset.key = name;
    }
    if (element === place) place = place?.nextElementSibling ?? null;
    else parent.insertBefore(element, place);
    update(element, item);
  }
  for (const leftover of existing.values()) leftover.remove();
}

/**
 * @param {HTMLElement} element
 * @param {Record<string, string|number|boolean|null|undefined>} values   null and undefined take the attribute away.
 */
export function setData(element, values) {
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined) delete element.dataset[name];
    else if (element.dataset[name] !== String(value)) element.dataset[name] = String(value);
  }
}

/**
 * Run something once after all that happens now has happened.
 *
 * A task, not an animation frame: those stand still in tabs that nobody sees.
 *
 * @param {() => void} run
 * @returns {() => void}
 */
export function once(run) {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    setTimeout(() => {
      due = false;
      run();
    }, 0);
  };
}
