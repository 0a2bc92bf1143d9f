*** Settings ***
Documentation       Run by 01_sessions.robot: the first test has to fail by its time-out, the others pass.

Library             realstack.Databases
Library             ../../support/ScratchServers.py

Suite Setup         Start Server


*** Test Cases ***
Is Interrupted
    [Documentation]    Waits for much longer than it may, holding a lock.
    Open Postgres Session    test-db    ${POSTGRES}[dsn]
    Hold Lock    table    table=things
    Sleep In Postgres Briefly

Suite's Session Is Usable
    [Documentation]    The interrupted statement doesn't go on.
    Get Value    SELECT 1    ==    1
    ${sessions}    Get Sessions On Server
    Should Not Contain    ${{ [one['query'] for one in $sessions if one['state'] == 'active'] }}    SELECT pg_sleep(5)

Session And Lock Are Gone
    [Documentation]    They belonged to the test that was interrupted.
    Get Row Count    SELECT * FROM things    ==    0
    Run Keyword And Expect Error    No lock has the alias 'table'*    Release Lock    table
    Run Keyword And Expect Error    No session has the alias 'test-db'. Open are: suite-db. *    Close Session    test-db


*** Keywords ***
Start Server
    [Documentation]    One server with an empty table.
    ${postgres_server}    Start Postgres Server
    VAR    ${POSTGRES}    ${postgres_server}    scope=SUITE
    Open Postgres Session    suite-db    ${POSTGRES}[dsn]
    Execute    CREATE TABLE things (id int)

Sleep In Postgres Briefly
    [Documentation]    Is given less time than it takes.
    [Timeout]    200ms
    Query    SELECT pg_sleep(5)    alias=suite-db
