"""What the platform's Python services share: settings, logs, serving, health, stores and access tokens.

Importing the package itself loads nothing; each module loads only what it needs, because five
services start at the same time on few cores.
"""

__version__ = "0.1.0"
