"""The keywords of the `Platform` library, by subject; `library.py` puts them together."""
