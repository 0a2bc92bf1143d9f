"""The keywords of the `WebSocket` library, by subject; `libraries/WebSocket.py` puts them together."""
