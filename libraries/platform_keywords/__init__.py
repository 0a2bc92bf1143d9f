"""The keywords of the `Platform` library, by subject; `libraries/Platform.py` puts them together."""
