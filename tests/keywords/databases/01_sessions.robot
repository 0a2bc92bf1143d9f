*** Settings ***
Documentation       Sessions: opening, aliases, owners, refusals.

Resource            ../support/inner_runs.resource
Library             realstack.Databases
Library             ../support/ScratchServers.py

Suite Setup         Open Sessions


*** Test Cases ***
Every Kind Tells Its Version And Time
    [Documentation]    One keyword for three kinds of server.
    Get Server Version    suite-db    starts    1
    Get Server Version    suite-cache    matches    ^[0-9]+[.]
    Get Server Version    suite-events    matches    ^[0-9]+[.]
    ${sql}    Get Server Time    suite-db
    ${redis}    Get Server Time    suite-cache
    ${events}    Get Server Time    suite-events
    Should Be True    max($sql, $redis, $events) - min($sql, $redis, $events) < datetime.timedelta(seconds=3)

Sessions Of A Test Shadow Those Of The Suite
    [Documentation]    The newest session is the current one.
    Open Postgres Session
    ...    mine
    ...    host=${POSTGRES}[host]
    ...    port=${POSTGRES}[port]
    ...    user=${POSTGRES}[user]
    ...    password=${POSTGRES}[password]
    ...    database=${POSTGRES}[database]
    ${before}    Switch Session    suite-db
    Should Be Equal    ${before}    mine
    ${before}    Switch Session    mine
    Should Be Equal    ${before}    suite-db

Unknown Aliases Are Told
    [Documentation]    With those that are known.
    ${text}    Run Keyword And Expect Error    *    Close Session    nobody
    Should Be Equal
    ...    ${text}
    ...    No session has the alias 'nobody'. Open are: suite-cache, suite-events, suite-db. Use [Open Postgres Session] first.

Wrong Kinds Are Refused
    [Documentation]    The text says what is open.
    ${text}    Run Keyword And Expect Error    *    Query    SELECT 1    alias=suite-cache
    Should Contain    ${text}    Expected: a session of PostgreSQL or ClickHouse
    Should Contain    ${text}    suite-cache (Redis)
    ${text}    Run Keyword And Expect Error    *    Begin    alias=suite-events
    Should Contain    ${text}    'suite-events' is one of ClickHouse

Taken Aliases Are Refused
    [Documentation]    The text says who has it.
    ${text}    Run Keyword And Expect Error    *    Open Redis Session    suite-db    ${REDIS}[url]
    Should Contain    ${text}    'suite-db' is taken, opened by '${SUITE NAME}'

Nobody Answering Is Told
    [Documentation]    For each kind of server.
    ${text}    Run Keyword And Expect Error    *    Open Postgres Session    none    host=127.0.0.1    port=1    user=nobody
    Should Contain    ${text}    Expected: an answer of the PostgreSQL server of 'none'
    ${text}    Run Keyword And Expect Error    *    Open Redis Session    none    host=127.0.0.1    port=1
    Should Contain    ${text}    Expected: an answer of Redis 'none'
    ${text}    Run Keyword And Expect Error    *    Open Clickhouse Session    none    http://127.0.0.1:1
    Should Contain    ${text}    Expected: an answer of ClickHouse 'none'

Wrong Passwords Are Told And Never Shown
    [Documentation]    The account is refused by the server itself.
    ${secret}    Make Wrong Password
    ${text}    Run Keyword And Expect Error    *    Open Postgres Session    none    host=${POSTGRES}[host]
    ...    port=${POSTGRES}[port]    user=owner    password=${secret}
    Should Contain    ${text}    password authentication failed for user "owner"
    ${text}    Run Keyword And Expect Error    *    Open Redis Session    none    host=${REDIS}[host]
    ...    port=${REDIS}[port]    password=${secret}
    Should Contain    ${text}    Expected: Redis 'none' to accept the account
    ${text}    Run Keyword And Expect Error    *    Open Clickhouse Session    none    ${CLICKHOUSE}[url]
    ...    user=tester    password=${secret}
    Should Contain    ${text}    Expected: ClickHouse 'none' to accept the account

Missing Addresses Are Told
    [Documentation]    Before anything is tried.
    Run Keyword And Expect Error    Expected: a DSN or at least a host*    Open Postgres Session    none
    Run Keyword And Expect Error    Expected: a URL or at least a host*    Open Redis Session    none
    Run Keyword And Expect Error    Expected: a URL such as http*    Open Clickhouse Session    none    localhost:8123

A Time-Out Of Robot Ends The Wait
    [Documentation]    The wait ends at once, the suite's session stays usable; the test's own session and lock end with it.
    ${result}    Wait For Run    time-out
    Should Contain    ${result.stdout}    Keyword timeout 200 milliseconds exceeded.
    Should Contain    ${result.stdout}    3 tests, 2 passed, 1 failed


*** Keywords ***
Open Sessions
    [Documentation]    One of the suite's own for each kind of server.
    ${redis_server}    Start Redis Server
    VAR    ${REDIS}    ${redis_server}    scope=SUITE
    Open Postgres Session    suite-db    ${POSTGRES}[dsn]
    Open Redis Session    suite-cache    ${REDIS}[url]
    Open Clickhouse Session    suite-events    ${CLICKHOUSE}[url]    user=${CLICKHOUSE}[user]    password=${CLICKHOUSE}[password]
