"""The keywords of the `Databases` library, by subject; `library.py` puts them together."""
