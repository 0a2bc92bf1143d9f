"""The keywords of the `OAuth` library, one module for one subject."""
