*** Settings ***
Documentation       Locks that hold others up, and what proves it.

Library             realstack.Databases
Library             ../support/ScratchServers.py

Suite Setup         Prepare Table
Suite Teardown      Execute    DROP TABLE things


*** Test Cases ***
A Table's Lock Blocks Others
    [Documentation]    Who is blocked, by whom, with which statement.
    Hold Lock    all    table=public.things
    Begin As Somebody Else    backend-1    ${POSTGRES}    UPDATE things SET name = 'x' WHERE id = 1
    ${blocked}    Wait Until Blocked    all    application_name=backend-*
    Should Be Equal    ${blocked}[0][application_name]    backend-1
    Should Be Equal    ${blocked}[0][query]    UPDATE things SET name = 'x' WHERE id = 1
    Should Be Equal    ${blocked}[0][wait]    Lock: relation
    ${held}    Release Lock    all
    Should Be True    $held > 0
    ${end}    End Of Somebody Else    backend-1
    Should Be Equal    ${end}    done

A Row's Lock Blocks Only That Row
    [Documentation]    Others go on.
    ${rows}    Hold Lock    one    rows=SELECT id FROM things WHERE id = $1 FOR UPDATE    parameters=1
    Should Be Equal    ${rows}    ${1}
    Begin As Somebody Else    free    ${POSTGRES}    UPDATE things SET name = 'y' WHERE id = 2
    Begin As Somebody Else    stuck    ${POSTGRES}    UPDATE things SET name = 'y' WHERE id = 1
    ${end}    End Of Somebody Else    free
    Should Be Equal    ${end}    done
    ${blocked}    Wait Until Blocked    query=UPDATE*
    Should Be Equal    ${blocked}[0][application_name]    stuck
    Release Lock    one
    End Of Somebody Else    stuck

An Open Transaction Counts As A Lock
    [Documentation]    And those behind the blocked one are blocked, too.
    Begin
    Execute    UPDATE things SET name = 'mine' WHERE id = 3
    Begin As Somebody Else    first    ${POSTGRES}    UPDATE things SET name = 'a' WHERE id = 3
    Wait Until Blocked    application_name=first
    Begin As Somebody Else    second    ${POSTGRES}    UPDATE things SET name = 'b' WHERE id = 3
    ${blocked}    Wait Until Blocked    count=2
    Should Be Equal    ${{ [one['application_name'] for one in $blocked] }}    ${{ ['first', 'second'] }}
    Rollback
    End Of Somebody Else    first
    End Of Somebody Else    second

Nobody Blocked Makes The Run Invalid
    [Documentation]    The text shows what runs instead.
    Hold Lock    all    table=things
    Begin As Somebody Else    busy    ${POSTGRES}    SELECT pg_sleep(3)
    Get Session Count    ==    1    application_name=busy    state=active    retry_timeout=2s
    ${text}    Run Keyword And Expect Error    *    Wait Until Blocked    all    timeout=100ms
    Should Match Regexp    ${text}
    ...    ^INVALID: Expected: 1 session\\(s\\) \\(any session\\) blocked by pid [0-9]+ within 0.1 s\nSeen: 0\n
    Should Match Regexp    ${text}    application_name=busy · .* query=SELECT pg_sleep\\(3\\)
    Terminate Sessions    application_name=busy
    End Of Somebody Else    busy

A Lock That Others Hold Makes The Run Invalid
    [Documentation]    The text shows who has it.
    Begin As Somebody Else    holder    ${POSTGRES}    BEGIN    LOCK TABLE things    SELECT pg_sleep(5)
    Get Session Count    ==    1    application_name=holder    state=active    retry_timeout=2s
    Get Value    SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted    >=    1    retry_timeout=2s
    ${text}    Run Keyword And Expect Error    *    Hold Lock    late    table=things    timeout=100ms
    Should Match Regexp    ${text}
    ...    (?s)^INVALID: Expected: lock 'late' .* within 0.1 s.Seen: others held it .*application_name=holder
    Terminate Sessions    application_name=holder
    ${end}    End Of Somebody Else    holder
    Should Be Equal    ${end}    ended by the server

A Lock Lost Before Its Release Makes The Run Invalid
    [Documentation]    The server lets go after the longest time.
    Hold Lock    short    table=things    max_duration=200ms
    Begin As Somebody Else    waiter    ${POSTGRES}    SELECT * FROM things
    End Of Somebody Else    waiter
    ${text}    Run Keyword And Expect Error    *    Release Lock    short
    Should Match Regexp    ${text}
    ...    (?s)^INVALID: Expected: lock 'short' .* to be held until it is released.*max_duration of 0.2 s

Wrong Locks Are Refused
    [Documentation]    Before anything is locked.
    Run Keyword And Expect Error    Expected: either table= or rows=*    Hold Lock    x
    Run Keyword And Expect Error    Expected: a table's name*    Hold Lock    x    table=things; DROP TABLE things
    Run Keyword And Expect Error    Expected: a SELECT that locks its rows*    Hold Lock    x    rows=SELECT * FROM things
    Run Keyword And Expect Error    INVALID: Expected: at least one row to lock*    Hold Lock    x
    ...    rows=SELECT * FROM things WHERE id = 99 FOR UPDATE
    Run Keyword And Expect Error    ValueError: Argument 'mode' got value 'total'*    Hold Lock    x    table=things    mode=total
    Run Keyword And Expect Error    Expected: a lock or a transaction of this run*    Wait Until Blocked    timeout=1s
    Run Keyword And Expect Error    No lock has the alias 'x'*    Wait Until Blocked    x

Terminating Needs A Filter And A Victim
    [Documentation]    The run's own sessions are never ended.
    Run Keyword And Expect Error    Expected: at least one filter*    Terminate Sessions
    Run Keyword And Expect Error    INVALID: Expected: sessions to end*    Terminate Sessions    application_name=realstack-*
    Get Session Count    ==    0
    Get Value    SELECT 1    ==    1

Terminated Sessions Are Gone
    [Documentation]    The receipt names them.
    Begin As Somebody Else    backend-7    ${POSTGRES}    SELECT pg_sleep(30)
    Get Session Count    ==    1    application_name=backend-7    retry_timeout=2s
    ${ended}    Terminate Sessions    application_name=backend-*    user=owner
    Length Should Be    ${ended}    1
    Get Session Count    ==    0    application_name=backend-7
    ${end}    End Of Somebody Else    backend-7
    Should Be Equal    ${end}    ended by the server

Words In A Comment Lock Nothing
    [Documentation]    The server tells what is locked.
    ${text}    Run Keyword And Expect Error    *    Hold Lock    none    rows=SELECT * FROM things -- FOR UPDATE
    Should Contain    ${text}    there is no FOR UPDATE or FOR SHARE in it


*** Keywords ***
Prepare Table
    [Documentation]    A small one.
    Open Postgres Session    db    ${POSTGRES}[dsn]
    Execute    CREATE TABLE things (id int PRIMARY KEY, name text)
    Execute    INSERT INTO things VALUES (1, 'one'), (2, 'two'), (3, 'three')
