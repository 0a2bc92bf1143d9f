"""Leases: nothing that a run starts outlives the run."""
