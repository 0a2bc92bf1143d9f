"""The keywords of the `BrowserSession` library."""
