"""Random changes of the judges and of the reference platform: which do tests and journeys notice? See README.md."""
