"""The keywords of the `Load` library, one component for one subject; `library.py` puts them together."""
