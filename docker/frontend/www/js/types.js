/**
 * The shapes that travel through the page. They follow docker/PROTOCOL.md; nothing here runs.
 *
 * @typedef {object} Settings                  What `/config.json` says.
 * @property {number} heartbeatSeconds         Interval of the page's `ping`.
 * @property {number} reconnectMinSeconds      First ceiling of the reconnect backoff.
 * @property {number} reconnectMaxSeconds      Last ceiling of the reconnect backoff.
 * @property {number} fileMaxBytes             Largest upload.
 *
 * @typedef {object} User                      As `/auth/me` answers.
 * @property {string} user_id
 * @property {string} email
 * @property {string} name
 * @property {string|null} [picture]
 * @property {string|null} [display_name]
 * @property {string|null} [timezone]
 * @property {string} [provider]
 * @property {string} [session_id]
 *
 * @typedef {object} FileInfo
 * @property {string} id
 * @property {string} name
 * @property {number} size
 * @property {string} [sha256]
 * @property {string} [state]                  stored, processed or failed
 * @property {string} [thread_id]
 * @property {string} [created_at]
 *
 * @typedef {object} Message                   A stored message.
 * @property {string} message_id
 * @property {string} thread_id
 * @property {number} seq                      1, 2, … within its thread
 * @property {'user'|'agent'} role
 * @property {string} text
 * @property {string|null} [run_id]            The run that wrote it (agent).
 * @property {string|null} [answers]           The message that it answers (agent).
 * @property {boolean} [stopped]              Its user stopped it (agent).
 * @property {FileInfo|null} [file]
 * @property {string} created_at               RFC 3339
 *
 * @typedef {object} Thread
 * @property {string} id
 * @property {string} title
 * @property {number} [title_version]          Grows with each title; what is told of an earlier one later is old.
 * @property {number} last_seq
 * @property {number} read_seq
 * @property {string} updated_at
 * @property {boolean} [draft]                 Known to this page only; the first message makes it real.
 *
 * @typedef {object} Frame                     A frame from the server, flattened by {@link readFrame}.
 * @property {string} type
 * @property {Record<string, any>} payload
 * @property {string} [message_id]
 * @property {string} [thread_id]
 * @property {number} [seq]
 * @property {string} [run_id]
 * @property {string} [event_id]
 * @property {number} [n]
 *
 * @typedef {object} Step                      One line of a run's trace.
 * @property {'thinking'|'tool'} kind
 * @property {string} [text]
 * @property {string} [tool]
 * @property {unknown} [input]
 * @property {unknown} [output]
 * @property {boolean} [done]
 *
 * @typedef {object} OutboxEntry               A message that the platform has not acknowledged yet.
 * @property {number} order                    Order of typing over all tabs of this browser.
 * @property {string} message_id
 * @property {string} thread_id
 * @property {string} user_id
 * @property {string} owner                    The tab that sends it.
 * @property {string} text
 * @property {string} created_at
 * @property {string} [problem]                Why the platform will never take it.
 *
 * @typedef {'waiting'|'sent'|'limited'|'failed'} EntryState
 *
 * @typedef {object} LinkStatus
 * @property {'connecting'|'online'|'offline'} state
 * @property {'network'|'service'|'restarting'|'busy'|'auth'|null} cause
 * @property {number|null} retryAt             On the page's clock, milliseconds; null while an attempt runs.
 * @property {string|null} connectionId
 * @property {string|null} replica
 *
 * @typedef {object} Limit                     A refusal that says how long to wait.
 * @property {number} until                    On the page's clock, milliseconds.
 * @property {number|null} limit
 * @property {number|null} window              Seconds.
 */

export {};
