"""The chat backend: threads and messages over REST and WebSocket, files, workspaces, plans."""
