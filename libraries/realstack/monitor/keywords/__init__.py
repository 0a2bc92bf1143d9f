"""The keywords of the Monitor library, by subject."""
