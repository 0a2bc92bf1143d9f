/** @typedef {import('../types.js').OutboxEntry} OutboxEntry */
/** @typedef {Omit<OutboxEntry, 'order'>} NewEntry */

const DATABASE = 'chat';
const TABLE = 'outbox';

/**
 * Where unacknowledged messages wait: IndexedDB, which survives reloads and crashes and is shared by all
 * tabs. Its auto-incremented key is the order of typing over all of them.
 */
export class OutboxStore {
  /** @param {IDBDatabase} database */
  constructor(database) {
    this.database = database;
  }

  /** Whether entries outlive the page. */
  durable = true;

  /**
   * @param {NewEntry} entry
   * @returns {Promise<number>} Its order. It is on the disk when this resolves.
   */
  add(entry) {
    return this.#run('readwrite', (table) => table.add(entry));
  }

  /**
   * @param {number} order
   * @returns {Promise<void>}
   */
  remove(order) {
    return this.#run('readwrite', (table) => table.delete(order));
  }

  /** @param {OutboxEntry} entry */
  replace(entry) {
    return this.#run('readwrite', (table) => table.put(entry));
  }

  /**
   * @param {string} userId
   * @returns {Promise<OutboxEntry[]>} By order. Other users of this browser have their own.
   */
  async all(userId) {
    /** @type {OutboxEntry[]} */
    const entries = await this.#run('readonly', (table) => table.getAll());
    return entries.filter((entry) => entry.user_id === userId);
  }

  /**
   * Give the entries of a tab that is gone to another one; in one transaction, so that two heirs can't both have them.
   *
   * @param {string} from
   * @param {string} to
   * @returns {Promise<void>}
   */
  adopt(from, to) {
    return new Promise((resolve, reject) => {
      const transaction = this.#transaction('readwrite');
      const request = transaction.objectStore(TABLE).openCursor();
      request.onsuccess = () => {
        const cursor = request.result;
        if (cursor === null) return;
        if (cursor.value.owner === from) cursor.update({ ...cursor.value, owner: to });
        cursor.continue();
      };
      transaction.oncomplete = () => resolve();
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  }

  /**
   * @param {string} userId
   * @returns {Promise<void>}
   */
  async clear(userId) {
    for (const entry of await this.all(userId)) await this.remove(entry.order);
  }

  /** @param {IDBTransactionMode} mode */
  #transaction(mode) {
    // 'strict' waits for the disk: a message that the page shows as kept must survive a power cut.
    return this.database.transaction(TABLE, mode, { durability: 'strict' });
  }

  /**
   * @param {IDBTransactionMode} mode
   * @param {(table: IDBObjectStore) => IDBRequest} work
   * @returns {Promise<any>}
   */
  #run(mode, work) {
    return new Promise((resolve, reject) => {
      const transaction = this.#transaction(mode);
      const request = work(transaction.objectStore(TABLE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error ?? request.error);
    });
  }
}

/**
 * The same without a disk, for browsers that refuse IndexedDB (some private windows).
 */
export class MemoryStore {
  durable = false;
  #order = 0;
  /** @type {Map<number, OutboxEntry>} */
  #entries = new Map();

  /** @param {NewEntry} entry */
  async add(entry) {
    this.#order += 1;
    this.#entries.set(this.#order, { ...entry, order: this.#order });
    return this.#order;
  }

  /** @param {number} order */
  async remove(order) {
    this.#entries.delete(order);
  }

  /** @param {OutboxEntry} entry */
  async replace(entry) {
    this.#entries.set(entry.order, entry);
  }

  /** @param {string} userId */
  async all(userId) {
    return [...this.#entries.values()].filter((entry) => entry.user_id === userId);
  }

  async adopt(/** @type {string} */ from, /** @type {string} */ to) {
    for (const entry of this.#entries.values()) if (entry.owner === from) entry.owner = to;
  }

  /** @param {string} userId */
  async clear(userId) {
    for (const entry of await this.all(userId)) this.#entries.delete(entry.order);
  }
}

/**
 * @returns {Promise<OutboxStore|MemoryStore>}
 */
export async function openOutboxStore() {
  try {
    return new OutboxStore(await openDatabase());
  } catch (error) {
    console.warn('IndexedDB is not available: waiting messages will not survive a reload', error);
    return new MemoryStore();
  }
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: 'order', autoIncrement: true });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
