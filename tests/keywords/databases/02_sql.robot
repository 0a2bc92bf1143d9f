*** Settings ***
Documentation       Reading and changing rows: PostgreSQL and ClickHouse with the same keywords.

Library             realstack.Databases
Library             ../support/ScratchServers.py

Suite Setup         Prepare Tables
Suite Teardown      Remove Tables


*** Test Cases ***
Rows Come As Dictionaries
    [Documentation]    With the values that test data is written in.
    ${rows}    Query    SELECT id, name, tags, weight FROM things ORDER BY id    alias=db
    VAR    &{first}    id=${1}    name=one    tags=${{ {'a': 1} }}    weight=${{ decimal.Decimal('1.5') }}
    Should Be Equal    ${rows}[0]    ${first}
    ${row}    Get Row    SELECT id, name FROM things WHERE id = $1    parameters=2    alias=db
    Should Be Equal    ${row}[name]    two

Values Are Asserted
    [Documentation]    Expected text is read as the type of what is seen.
    Get Value    SELECT count(*) FROM things    ==    3    alias=db
    Get Value    SELECT name FROM things WHERE id = $1    ends    o    parameters=${2}    alias=db
    Get Value    SELECT weight > 1 FROM things WHERE id = 1    ==    true    alias=db
    Get Column    SELECT name FROM things ORDER BY id    ==    ${{ ['one', 'two', 'three'] }}    alias=db
    Get Column    SELECT name FROM things ORDER BY id    ==    one, two, three    alias=db
    Get Column    SELECT name FROM things ORDER BY id    ==    {one,two,three}    alias=db
    Get Column    SELECT id FROM things ORDER BY id    ==    1, 2, 3    alias=db
    Get Row Count    SELECT * FROM things WHERE id > $1; -- done    >=    2    parameters=${1}    alias=db
    Query    SELECT id FROM things WHERE id > 2    ==    ${{ [{'id': 3}] }}    alias=db

Clickhouse Answers The Same Keywords
    [Documentation]    The server binds parameters, by type.
    Get Value    SELECT count() FROM log    ==    2    alias=events
    Get Value    SELECT text FROM log WHERE id = $1    ==    it's \\ a "test"    parameters=${2}    alias=events
    Get Row Count    SELECT * FROM log WHERE text = $1    ==    1    parameters=it's \\ a "test"    alias=events
    Get Row Count    SELECT * FROM log WHERE id IN $1    ==    2    parameters=${{ [(1, 2, 3)] }}    alias=events
    Get Column    SELECT id FROM log ORDER BY id    ==    ${{ [1, 2] }}    alias=events

Clickhouse Reads Its Own Words
    [Documentation]    Statements go to the server as they are; values are exact, and never read as SQL.
    Get Row    SELECT 5-$1 AS x, 2 AS y    ==    ${{ {'x': 8, 'y': 2} }}    parameters=${-3}    alias=events
    Get Value    SELECT toDecimal64('12345678901234.5678', 4) AS x    ==    12345678901234.5678    alias=events
    Get Value    SELECT $1 AS x    ==    ${{ 2**200 }}    parameters=${{ 2**200 }}    alias=events
    Get Value    SELECT {x:UInt8} + 1 AS x    ==    6    parameters=${{ {'x': 5} }}    alias=events
    Get Column    SELECT id AS format FROM log -- format x\nORDER BY format DESC    ==    ${{ [2, 1] }}    alias=events
    Get Row Count    SELECT 1; -- done    ==    1    alias=events

Clickhouse Keeps A Session
    [Documentation]    Settings and temporary tables stay between keywords.
    Execute    SET max_block_size = 7    alias=events
    Execute    CREATE TEMPORARY TABLE mine (x Int64)    alias=events
    Execute    INSERT INTO mine VALUES ($1)    parameters=${5}    alias=events
    Get Value    SELECT concat(toString(x), ' ', toString(getSetting('max_block_size'))) FROM mine    ==    5 7    alias=events

Failures Show What Was Read
    [Documentation]    Expected, seen, statement, effort.
    ${text}    Run Keyword And Expect Error    *
    ...    Get Value    SELECT name FROM things WHERE id = $1    ==    won    parameters=1    alias=db    retry_timeout=120ms
    Should Match Regexp    ${text}
    ...    (?s)^Expected: the value == 'won' \\(str\\).Seen: 'one' \\(str\\).Evidence: session 'db': SELECT name
    Should Match Regexp    ${text}    This was look [0-9]+, after (0[.](1[2-9]|[2-9][0-9])|[1-9][0-9]*[.][0-9]{2}) s[.]$
    Run Keyword And Expect Error    Wrong: 'one'    Get Value    SELECT name FROM things WHERE id = 1    ==    x
    ...    Wrong: {value}    alias=db

Retrying Waits For Others
    [Documentation]    The row comes while the keyword looks again and again.
    Begin As Somebody Else    platform    ${POSTGRES}    SELECT pg_sleep(0.3)    INSERT INTO things (id, name) VALUES (9, 'late')
    Get Value    SELECT name FROM things WHERE id = 9    ==    late    alias=db    retry_timeout=5s
    Execute    DELETE FROM things WHERE id = 9    alias=db

One Row Means One Row
    [Documentation]    Neither none nor several.
    Run Keyword And Expect Error    Expected: exactly one row\nSeen: 0 rows*    Get Row    SELECT * FROM things WHERE id = 77
    ...    alias=db
    Run Keyword And Expect Error    Expected: exactly one row\nSeen: 3 rows*    Get Value    SELECT id FROM things    alias=db
    Run Keyword And Expect Error    Expected: a statement that gives one column*    Get Value    SELECT id, name FROM things
    ...    alias=db

Refused Statements Say Why
    [Documentation]    By the server's own words, and what to do.
    Run Keyword And Expect Error    *relation "nothing" does not exist (SQLSTATE 42P01)*    Query    SELECT * FROM nothing
    ...    alias=db
    Run Keyword And Expect Error    *nothing*UNKNOWN_TABLE*    Query    SELECT * FROM nothing    alias=events
    Run Keyword And Expect Error    Expected: 1 parameters*    Query    SELECT $1::int AS x    alias=db
    Run Keyword And Expect Error    Expected: parameter $1 to be int4*    Query    SELECT $1::int AS x    parameters=many
    ...    alias=db
    Run Keyword And Expect Error    *several are called id*    Query    SELECT id, id FROM things    alias=db
    Run Keyword And Expect Error    Expected: an assertion operator*    Get Value    SELECT 1    assertion_expected=1    alias=db
    Run Keyword And Expect Error    ValueError: Argument 'assertion_operator' got value 'is'*    Get Value    SELECT 1    is
    ...    1    alias=db

Slow Statements Are Cancelled
    [Documentation]    By the server, after the session's own time limit.
    Open Postgres Session    hasty    ${POSTGRES}[dsn]    statement_timeout=500ms
    ${text}    Run Keyword And Expect Error    *    Query    SELECT pg_sleep(5)    alias=hasty
    Should Contain    ${text}    Expected: an answer of 'hasty' within 0.5 s
    Get Value    SELECT 1    ==    1    alias=hasty

Secrets Stay Secret
    [Documentation]    In what is handed over, in errors, and in the log.
    ${row}    Get Row    SELECT id, token_hash FROM keys    alias=db
    Should Be Equal    ${{ type($row['token_hash']).__name__ }}    Secret
    ${value}    Get Value    SELECT token_hash FROM keys    starts    s3cr    alias=db
    Should Be Equal    ${{ str($value) }}    <secret>
    ${text}    Run Keyword And Expect Error    *    Get Value    SELECT token_hash FROM keys    ==    guess    alias=db
    Should Start With    ${text}    Expected: the value == <hidden>\nSeen: <hidden>
    ${text}    Run Keyword And Expect Error    *
    ...    Execute    INSERT INTO keys (id, token_hash) SELECT 2, token_hash FROM keys    alias=db
    Should Contain    ${text}    Detail: Key (token_hash)=(<hidden>) already exists.

Transactions Are Rolled Back And Committed
    [Documentation]    Seen from a second session.
    Open Postgres Session    writer    ${POSTGRES}[dsn]
    Begin    alias=writer
    Execute    INSERT INTO things (id, name) VALUES ($1, $2)    parameters=${{ [50, 'new'] }}    alias=writer
    Get Row Count    SELECT * FROM things WHERE id = 50    ==    0    alias=db
    Rollback    alias=writer
    Begin    serializable    alias=writer
    Execute    UPDATE things SET name = 'uno' WHERE id = 1    alias=writer
    Commit    alias=writer
    Get Value    SELECT name FROM things WHERE id = 1    ==    uno    alias=db
    [Teardown]    Execute    UPDATE things SET name = 'one' WHERE id = 1    alias=db

Failed Transactions Are Not Committed
    [Documentation]    PostgreSQL rolls back silently; the keyword doesn't.
    Begin    alias=db
    Run Keyword And Expect Error    *division by zero*    Query    SELECT 1/0    alias=db
    Run Keyword And Expect Error    *the server rolled it back*    Commit    alias=db
    Run Keyword And Expect Error    *it is in none*    Rollback    alias=db


*** Keywords ***
Prepare Tables
    [Documentation]    A small table on each server.
    Open Postgres Session    db    ${POSTGRES}[dsn]
    Execute    CREATE TABLE things (id int PRIMARY KEY, name text, tags jsonb, weight numeric)
    Execute    CREATE TABLE keys (id int, token_hash text UNIQUE)
    Execute    INSERT INTO things VALUES (1, 'one', '{"a": 1}', 1.5), (2, 'two', NULL, 2), (3, 'three', NULL, 3)
    Execute    INSERT INTO keys SELECT 1, 's3cr' || md5(random()::text)
    Prepare Events

Prepare Events
    [Documentation]    The same in ClickHouse.
    Open Clickhouse Session    events    ${CLICKHOUSE}[url]    user=${CLICKHOUSE}[user]    password=${CLICKHOUSE}[password]
    Execute    CREATE TABLE log (id UInt64, text String) ENGINE = MergeTree ORDER BY id    alias=events
    Execute    INSERT INTO log VALUES (1, 'one'), (2, $1)    parameters=it's \\ a "test"    alias=events

Remove Tables
    [Documentation]    Other suites have tables of the same names.
    Execute    DROP TABLE things, keys    alias=db
    Execute    DROP TABLE log    alias=events
