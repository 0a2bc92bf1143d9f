"""The keywords of the `Databases` library, by subject; `libraries/Databases.py` puts them together."""
