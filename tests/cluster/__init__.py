"""Machines of a cluster, each a network namespace with a clock of its own, and loads in them (`make cluster`)."""
