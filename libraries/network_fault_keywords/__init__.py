"""The keywords of the `NetworkFault` library, by subject; `libraries/NetworkFault.py` puts them together."""
