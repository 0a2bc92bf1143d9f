"""The keywords of the `NetworkFault` library, by subject; `library.py` puts them together."""
