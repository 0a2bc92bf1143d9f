"""A run of the journeys at a glance: one summary for the console, one page, one table for CI's job page."""
