"""The catalog of planted bugs, and what plants them and demands that a law catches them."""
