"""The keywords of the History library, by subject."""
