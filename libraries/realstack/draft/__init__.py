"""A first draft of an adapter, by looking at its platform: ``python -m realstack draft NAME URL``.

Three parts, each of which can be tried without the others: looking (a browser and stores; `looking`, `signing_in`, `rows`),
whose result is plain data (`observations`); inferring (pure functions over it; `codecs`, `frames`, `page`, `stored`, `keywords`);
writing (`writing`), which lets the house's own readers read each file before it is kept.
"""
