*** Settings ***
Documentation       Acceptance tests of the keywords of `Databases`, on real servers.
...                 What takes long to start is started once; suites leave no table behind.

Library             ../support/ScratchServers.py

Suite Setup         Start Servers


*** Keywords ***
Start Servers
    [Documentation]    PostgreSQL and ClickHouse.
    ${postgres_server}    Start Postgres Server
    ${clickhouse_server}    Start Clickhouse Server
    VAR    ${POSTGRES}    ${postgres_server}    scope=SUITES
    VAR    ${CLICKHOUSE}    ${clickhouse_server}    scope=SUITES
