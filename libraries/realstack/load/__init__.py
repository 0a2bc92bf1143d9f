"""Many users at once, each following a script on its own connections, at planned times (open model)."""
