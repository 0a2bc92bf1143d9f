*** Settings ***
Documentation       Acceptance tests of the keywords of `Databases`, on real servers.
...                 What takes long to start is started once; suites leave no table behind.

Resource            ../support/inner_runs.resource
Library             ../support/ScratchServers.py

Suite Setup         Start Servers


*** Variables ***
${LIBRARIES}    ${CURDIR}/../../../libraries


*** Keywords ***
Start Servers
    [Documentation]    PostgreSQL and ClickHouse; and a run with one of its own, which 01_sessions.robot waits for.
    VAR    @{options}    --output    NONE    --report    NONE    --pythonpath    ${LIBRARIES}
    Begin Run    time-out    @{options}    ${CURDIR}/_runs/time_out.robot
    ${postgres_server}    Start Postgres Server
    ${clickhouse_server}    Start Clickhouse Server
    VAR    ${POSTGRES}    ${postgres_server}    scope=SUITES
    VAR    ${CLICKHOUSE}    ${clickhouse_server}    scope=SUITES
