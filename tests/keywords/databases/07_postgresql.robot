*** Settings ***
Documentation       What the keywords of PostgreSQL do on one that is newer than Debian's.

Library             realstack.Databases
Library             ../support/ScratchServers.py

Suite Setup         Prepare Table
Test Tags           peer


*** Test Cases ***
Version Is Told
    [Documentation]    The server's own.
    Get Server Version    db    >=    18.

Rows Come As Dictionaries
    [Documentation]    With the types that Python has.
    ${row}    Get Row    SELECT id, name, tags, weight FROM things WHERE id = $1    parameters=1
    VAR    &{expected}    id=${1}    name=one    tags=${{ {'a': [1]} }}    weight=${{ decimal.Decimal('1.5') }}
    Should Be Equal    ${row}    ${expected}
    Get Column    SELECT name FROM things ORDER BY id    ==    ${{ ['one', 'two'] }}
    Get Row Count    SELECT * FROM things WHERE id > $1; -- done    ==    1    parameters=${1}

Values Without A Like In Python Are The Server's Own Texts
    [Documentation]    In rows, in assertions, and as parameters.
    Get Value    SELECT interval '1 month 2 days'    ==    1 mon 2 days
    Get Value    SELECT 'infinity'::timestamptz    ==    infinity
    Get Value    SELECT '0044-03-15 BC'::date    ==    0044-03-15 BC
    Get Value    SELECT $1::interval * 2    ==    2 mons    parameters=1 month
    Get Value    SELECT $1::int[]    ==    {1,2,3}    parameters={1,2,3}
    Get Value    SELECT $1::daterange    ==    [2026-01-01,2026-02-01)    parameters=[2026-01-01,2026-02-01)

What Only The Newer One Has
    [Documentation]    Changed rows as they were, ids by time, columns that are computed when read, ranges of ranges.
    ${row}    Get Row    UPDATE things SET name = 'zwei' WHERE id = 2 RETURNING old.name AS was, new.name AS now
    Should Be Equal    ${row}[was] ${row}[now]    two zwei
    Execute    UPDATE things SET name = 'two' WHERE id = 2
    Get Value    SELECT uuid_extract_version(uuidv7())    ==    7
    Get Value    SELECT doubled FROM things WHERE id = 1    ==    3.0
    Get Value    SELECT '{[1,3),[5,8)}'::int4multirange    ==    {[1,3),[5,8)}

Transactions Are Rolled Back And Committed
    [Documentation]    Seen from a second session.
    Open Postgres Session    writer    ${POSTGRES}[dsn]
    Begin    serializable
    Execute    INSERT INTO things (id, name) VALUES (50, 'new')
    Get Row Count    SELECT * FROM things WHERE id = 50    ==    0    alias=db
    Rollback
    Begin
    Run Keyword And Expect Error    *division by zero*    Query    SELECT 1/0
    Run Keyword And Expect Error    *the server rolled it back*    Commit

A Lock Blocks Others
    [Documentation]    Who is blocked, by whom, at which wait.
    Hold Lock    one    rows=SELECT id FROM things WHERE id = 1 FOR UPDATE
    Begin As Somebody Else    stuck    ${POSTGRES}    UPDATE things SET name = 'one' WHERE id = 1
    ${blocked}    Wait Until Blocked    one    application_name=stuck
    Should Be Equal    ${blocked}[0][wait]    Lock: transactionid
    Release Lock    one
    ${end}    End Of Somebody Else    stuck
    Should Be Equal    ${end}    done

A Lost Session Is Not Continued In Silence
    [Documentation]    It held a transaction, which its server ended.
    Open Postgres Session    lost    ${POSTGRES}[dsn]
    Begin
    ${pid}    Get Value    SELECT pg_backend_pid()
    Query    SELECT pg_terminate_backend($1, 5000)    parameters=${pid}    alias=db
    Run Keyword And Expect Error    *lost with it is*transaction*    Execute    INSERT INTO things (id, name) VALUES (51, 'x')

Slow Statements Are Cancelled
    [Documentation]    By the server, after the session's own time limit.
    Open Postgres Session    hasty    ${POSTGRES}[dsn]    statement_timeout=500ms
    Run Keyword And Expect Error    *within 0.5 s*    Query    SELECT pg_sleep(5)
    Get Value    SELECT 1    ==    1

Refusals Say Why
    [Documentation]    In the words of the server.
    Run Keyword And Expect Error    *relation "nothing" does not exist (SQLSTATE 42P01)*    Query    SELECT * FROM nothing
    Run Keyword And Expect Error    *COPY*    Execute    COPY things FROM STDIN
    ${secret}    Make Wrong Password
    Run Keyword And Expect Error    *password authentication failed*    Open Postgres Session    none    host=${POSTGRES}[host]
    ...    port=${POSTGRES}[port]    user=owner    password=${secret}

Snapshots Differ By What Changed
    [Documentation]    The virtual column with it.
    Take Snapshot    before    tables=db:things
    Snapshots Should Be Equal    before
    Execute    UPDATE things SET weight = 2 WHERE id = 1
    Run Keyword And Expect Error    *doubled*    Snapshots Should Be Equal    before
    [Teardown]    Execute    UPDATE things SET weight = 1.5 WHERE id = 1


*** Keywords ***
Prepare Table
    [Documentation]    A server with a small table.
    ${server}    Start Postgres Server    newer=${True}
    VAR    ${POSTGRES}    ${server}    scope=SUITE
    Open Postgres Session    db    ${POSTGRES}[dsn]
    Execute    CREATE TABLE things (id int PRIMARY KEY, name text, tags jsonb, weight numeric)
    Execute    ALTER TABLE things ADD doubled numeric GENERATED ALWAYS AS (weight * 2)
    Execute    INSERT INTO things (id, name, tags, weight) VALUES (1, 'one', '{"a": [1]}', 1.5)
    Execute    INSERT INTO things (id, name) VALUES (2, 'two')
