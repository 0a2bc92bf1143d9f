"""ClickHouse's engine behind its HTTP interface, for machines that have no ClickHouse server.

The engine is chDB: ClickHouse itself, as a library. This package adds what a client of the HTTP interface meets before a
statement reaches the engine: accounts, databases, settings, parameters, sessions, encodings and errors. It reads the
configuration that the server reads (`config.xml`, `users.xml`), as far as it knows the elements; there is no native
protocol, and an answer is complete before it is sent, as with `wait_end_of_query`.
"""
