"""What all libraries stand on: the background loop, ownership, waiting, sizes, errors, paths, charts."""
