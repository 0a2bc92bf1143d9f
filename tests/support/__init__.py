"""What the project's own checks share."""
