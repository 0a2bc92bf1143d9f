/**
 * Which page is shown, by path: `/` is the dashboard, `/threads/<id>` a conversation.
 *
 * @typedef {{name: 'dashboard'} | {name: 'thread', threadId: string, draft: boolean}} Route
 */
export class Router {
  /** @param {(route: Route) => void} onRoute */
  constructor(onRoute) {
    this.onRoute = onRoute;
    addEventListener('popstate', () => onRoute(this.current));
    document.addEventListener('click', (event) => {
      const link = event.target instanceof Element ? event.target.closest('a[data-route]') : null;
      if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      this.go(link.pathname);
    });
  }

  /** @returns {Route} */
  get current() {
    const [, threadId] = /^\/threads\/([\w-]{1,64})$/u.exec(location.pathname) ?? [];
    return threadId ? { name: 'thread', threadId, draft: history.state?.draft === true } : { name: 'dashboard' };
  }

  /**
   * @param {string} path
   * @param {{draft?: boolean}} [state]   A draft's mark is kept by the browser's history, reloads included.
   */
  go(path, state = {}) {
    history.pushState(state, '', path);
    this.onRoute(this.current);
  }
}
