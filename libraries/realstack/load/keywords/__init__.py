"""The keywords of the `Load` library, one module for one subject."""
