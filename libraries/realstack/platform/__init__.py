"""Starting, stopping and breaking the platform under test."""
