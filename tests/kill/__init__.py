"""Whether anything outlives a run that is killed."""
