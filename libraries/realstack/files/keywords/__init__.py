"""The keywords of the `Files` library, by subject; `library.py` puts them together."""
