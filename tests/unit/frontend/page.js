/** Imports the test files that the address names, runs each and reports to the server. */
import { runAll } from '/tests/harness.js';

for (const file of new URLSearchParams(location.search).getAll('file')) {
  let results;
  try {
    await import(`/tests/${file}`);
    results = await runAll();
  } catch (error) {
    results = [{ name: 'import', error: String(error?.stack ?? error) }];
  }
  await fetch(`/results/${file}`, { method: 'POST', body: JSON.stringify(results) });
}
