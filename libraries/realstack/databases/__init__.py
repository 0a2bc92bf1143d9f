"""Tests' own sessions of PostgreSQL, Redis and ClickHouse: reading, locking, ending, listening, comparing."""

import os

# Of its two readers clickhouse-connect takes one when it is imported. The one in C is faster, and ends the whole process, and so
# the whole run, at some answers that are cut off or malformed.
os.environ.setdefault("CLICKHOUSE_CONNECT_USE_C", "0")
