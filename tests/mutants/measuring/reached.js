// Tells the frontend which blocks of the page were run, by number, at most once a second each.
(() => {
  const EVERY = 150;
  const AGAIN = 1000;
  const seen = new Map();
  const waiting = [];
  globalThis.reached = (number) => {
    const now = performance.now();
    if (now - (seen.get(number) ?? -AGAIN) < AGAIN) return;
    seen.set(number, now);
    waiting.push(number);
  };
  const tell = () => {
    const numbers = waiting.splice(0, 400);
    if (numbers.length === 0) return;
    fetch(`/reached?${numbers.join(',')}`, { keepalive: true }).catch(() => waiting.push(...numbers));
  };
  setInterval(tell, EVERY);
  addEventListener('pagehide', tell);
})();
