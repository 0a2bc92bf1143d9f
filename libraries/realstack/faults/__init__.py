"""Faults of the network that are really there: packets that the kernel drops, and links that a proxy disturbs."""
