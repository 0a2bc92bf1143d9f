"""Starting, stopping and striking the platform under test."""
