"""The keywords of the `WebSocket` library, by subject; `library.py` puts them together."""
