*** Settings ***
Documentation       Snapshots over three stores, and what differs.

Library             realstack.Databases
Library             ../support/ScratchServers.py

Suite Setup         Prepare Stores
Suite Teardown      Remove Tables
Test Setup          Fill Stores


*** Variables ***
@{TABLES}       db:users    events:log
@{KEYS}         cache:limit:*


*** Test Cases ***
Nothing Changed Is Equal
    [Documentation]    Over all three stores.
    ${size}    Take Snapshot    before    tables=${TABLES}    keys=${KEYS}
    Should Be Equal    ${size}    ${4}
    Snapshots Should Be Equal    before
    ${difference}    Get Difference    before
    Should Be Empty    ${difference}

What A Snapshot Holds Is Told
    [Documentation]    Rows by their keys, Redis keys with what counts of them; secrets as digests.
    Take Snapshot    before    tables=db:users    keys=${KEYS}
    ${held}    Get Snapshot    before
    Should Be Equal    ${held}[db:users][1][name]    one
    Should Match Regexp    ${held}[db:users][1][token_hash]    ^<hidden [0-9a-f]{12}>$
    VAR    &{counter}    value=1    expires=${True}
    Should Be Equal    ${held}[cache:limit:*][limit:1]    ${counter}

Everything Changed Is Told
    [Documentation]    Added, removed, changed; secrets differ without being shown.
    Take Snapshot    before    tables=${TABLES}    keys=${KEYS}
    Change Everything
    Take Snapshot    after    tables=${TABLES}    keys=${KEYS}
    ${difference}    Get Difference    before    after
    VAR    @{expected}    db:users removed 2    db:users added 3    db:users changed 1 name    db:users changed 1 token_hash
    ...    events:log added {"id": 2, "text": "two"}    cache:limit:* changed limit:1 value
    Should Be Equal    ${{ [f"{d['part']} {d['what']} {d['key']} {d['column']}".strip() for d in $difference] }}    ${expected}
    Hidden Values Should Differ    ${{ next(d for d in $difference if d['column'] == 'token_hash') }}
    ${text}    Run Keyword And Expect Error    *    Snapshots Should Be Equal    before    after
    Should Match Regexp    ${text}    (?s)^Expected: 'after' to equal snapshot 'before'.Seen: 6 difference\\(s\\).*column=name

Ignored Columns Don't Count
    [Documentation]    By name, or by part and name.
    Take Snapshot    before    tables=db:users    ignore=seen_at
    Execute    UPDATE users SET seen_at = now(), name = name || '!'    alias=db
    Snapshots Should Be Equal    before    ignore=db:users.name
    Run Keyword And Expect Error    *2 difference(s)*    Snapshots Should Be Equal    before    ignore=nothing

Rows Without A Key Are Told Apart By What Counts
    [Documentation]    A column that is ignored makes no row another one.
    Execute    CREATE TABLE keyless (a int, at timestamptz, by text)    alias=db
    Execute    INSERT INTO keyless VALUES (1, now(), 'x'), (1, now(), 'y')    alias=db
    Take Snapshot    before    tables=db:keyless, db:users
    Execute    UPDATE keyless SET at = now() + interval '1 day', by = 'z'    alias=db
    Snapshots Should Be Equal    before    ignore=at, db:keyless.by
    Run Keyword And Expect Error    *4 difference(s)*    Snapshots Should Be Equal    before

Conditions And Statements Narrow
    [Documentation]    With parameters, labels and key columns.
    VAR    &{tables}    one=db:users WHERE id = $1    two=events:SELECT id, count() AS n FROM log WHERE id = $1 GROUP BY id
    VAR    &{key_columns}    two=id
    Take Snapshot    mine    tables=${tables}    parameters=${1}    key_columns=${key_columns}
    Execute    UPDATE users SET name = 'other' WHERE id <> 1    alias=db
    Snapshots Should Be Equal    mine
    Execute    INSERT INTO log VALUES (1, 'again')    alias=events
    ${difference}    Get Difference    mine
    Should Be Equal    ${difference}[0][part] ${difference}[0][key] ${difference}[0][column]    two 1 n

Equality Is Waited For
    [Documentation]    Until others have undone what they did.
    Take Snapshot    before    tables=db:users
    Execute    INSERT INTO users (id) VALUES (77)    alias=db
    Begin As Somebody Else    undo    ${POSTGRES}    SELECT pg_sleep(0.2)    DELETE FROM users WHERE id = 77
    Snapshots Should Be Equal    before    retry_timeout=5s

Wrong Snapshots Are Told
    [Documentation]    What to write instead.
    Run Keyword And Expect Error    Expected: alias:table*    Take Snapshot    x    tables=users
    Run Keyword And Expect Error    No session has the alias 'nobody'*    Take Snapshot    x    tables=nobody:users
    Run Keyword And Expect Error    Expected: an SQL session for 'cache:users'*    Take Snapshot    x    tables=cache:users
    Run Keyword And Expect Error    Expected: a Redis session for 'db:[*]'*    Take Snapshot    x    keys=db:*
    Run Keyword And Expect Error    Expected: at most 1 rows*    Take Snapshot    x    tables=db:users    limit=1
    Run Keyword And Expect Error    No snapshot has the alias 'x'*    Snapshots Should Be Equal    x


*** Keywords ***
Prepare Stores
    [Documentation]    One of each kind with a little in it.
    ${redis_server}    Start Redis Server
    Open Postgres Session    db    ${POSTGRES}[dsn]
    Open Redis Session    cache    ${redis_server}[url]
    Open Clickhouse Session    events    ${CLICKHOUSE}[url]    user=${CLICKHOUSE}[user]    password=${CLICKHOUSE}[password]
    Execute    CREATE TABLE users (id int PRIMARY KEY, name text, token_hash text, seen_at timestamptz)    alias=db

Fill Stores
    [Documentation]    Two users, one event, one key, and nothing else.
    Execute    TRUNCATE users    alias=db
    Execute    INSERT INTO users VALUES (1, 'one', md5('1')), (2, 'two', md5('2'))    alias=db
    Execute    DROP TABLE IF EXISTS log    alias=events
    Execute    CREATE TABLE log (id UInt64, text String) ENGINE = MergeTree ORDER BY id    alias=events
    Execute    INSERT INTO log VALUES (1, 'one')    alias=events
    Set Redis Value    limit:1    1    expires_in=1 minute

Remove Tables
    [Documentation]    Other suites have tables of the same names.
    Execute    DROP TABLE IF EXISTS users, keyless    alias=db
    Execute    DROP TABLE log    alias=events

Change Everything
    [Documentation]    Adds, removes and changes rows, an event and a key.
    Execute    INSERT INTO users (id, name, token_hash) VALUES (3, 'three', md5('3'))    alias=db
    Execute    DELETE FROM users WHERE id = 2    alias=db
    Execute    UPDATE users SET name = 'uno', token_hash = md5('other') WHERE id = 1    alias=db
    Execute    INSERT INTO log VALUES (2, 'two')    alias=events
    Set Redis Value    limit:1    2    expires_in=1 minute

Hidden Values Should Differ
    [Documentation]    That they do can be seen, what they are can't.
    [Arguments]    ${difference}
    Should Match Regexp    ${difference}[before]    ^<hidden [0-9a-f]{12}>$
    Should Not Be Equal    ${difference}[before]    ${difference}[after]
