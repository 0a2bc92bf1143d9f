*** Settings ***
Documentation       Keys, counters, streams, clients and channels of Redis.

Library             Collections
Library             realstack.Databases
Library             ../support/ScratchServers.py

Suite Setup         Start Server


*** Test Cases ***
Values Expire
    [Documentation]    Text, time to live, type.
    Set Redis Value    a    hello    expires_in=60s
    Get Redis Value    a    ==    hello
    Get Redis Type    a    ==    string
    ${left}    Get Redis Time To Live    a    >    30
    Should Be True    $left <= 60

Values Are Gone When Their Time Is Over
    [Documentation]    Others stay.
    Set Redis Value    short    gone    expires_in=150ms
    Get Redis Type    short    ==    none    retry_timeout=3s
    Get Redis Time To Live    short    ==    -2
    Set Redis Value    long    stays
    Get Redis Time To Live    long    ==    -1
    ${count}    Delete Redis Keys    short    long    never
    Should Be Equal    ${count}    ${1}

Counters Count
    [Documentation]    A key that isn't there counts nothing.
    Get Redis Counter    limit    ==    0
    Set Redis Value    limit    ${5}
    Get Redis Counter    limit    ==    5
    Set Redis Value    limit    five
    Run Keyword And Expect Error    Expected: a whole number in 'limit'\nSeen: 'five'*    Get Redis Counter    limit

Keys Are Found By Pattern
    [Documentation]    In order, and no more than the limit.
    Set Redis Value    find:2    x
    Set Redis Value    find:1    x
    Get Redis Keys    find:*    ==    ${{ ['find:1', 'find:2'] }}
    Run Keyword And Expect Error    Expected: at most 1 keys like 'find:[*]'*    Get Redis Keys    find:*    limit=1

Streams Are Read
    [Documentation]    Entries, groups, and what was taken but not acknowledged.
    Fill Stream As Somebody Else    ${REDIS}    runs    agents    count=3    taken=2
    Get Redis Stream Length    runs    ==    3
    ${entries}    Get Redis Stream Entries    runs    limit=2
    Should Be Equal    ${{ [entry['fields']['run_id'] for entry in $entries] }}    ${{ ['run-0', 'run-1'] }}
    ${groups}    Get Redis Stream Groups    runs
    Should Be Equal    ${groups}[0][name]    agents
    Get Redis Pending Count    runs    agents    ==    2
    ${pending}    Get Redis Pending Entries    runs    agents
    Should Be Equal    ${pending}[1][consumer] ${pending}[1][deliveries]    worker-1 1

Secret Keys Are Not Shown
    [Documentation]    By the last part of their name.
    ${secret}    Make Wrong Password
    Set Redis Value    user:1:token    ${secret}
    ${value}    Get Redis Value    user:1:token
    Should Be Equal    ${{ str($value) }}    <secret>
    Run Keyword And Expect Error    Expected: the value of 'user:1:token' == <hidden>\nSeen: <hidden>*
    ...    Get Redis Value    user:1:token    ==    guess
    Run Keyword And Expect Error    Expected: a setting that may be shown*    Get Redis Setting    requirepass

Server Tells About Itself
    [Documentation]    INFO, CONFIG, CLIENT LIST.
    Get Redis Info    redis_mode    ==    standalone
    Get Redis Info    used_memory    >    ${1000}
    Run Keyword And Expect Error    Expected: a field of INFO called 'nonsense'*    Get Redis Info    nonsense
    Get Redis Setting    appendonly    ==    no
    Run Keyword And Expect Error    Expected: a setting called 'nonsense'*    Get Redis Setting    nonsense
    Get Redis Client Count    ==    0

Wrong Types Are Told
    [Documentation]    By Redis' own words.
    Set Redis Value    text    x
    Run Keyword And Expect Error    *XLEN*WRONGTYPE*    Get Redis Stream Length    text
    Run Keyword And Expect Error    *no such key*    Get Redis Stream Groups    nothing

Published Messages Are Heard
    [Documentation]    In order, from when the listener was confirmed.
    Start Redis Listener    ear    user:*    sessions
    Publish    user:1    {"seq": 1}
    Publish    sessions    closed
    Publish    user:2    {"seq": 2}
    ${data}    Wait For Redis Message    ear    channel=user:2
    Should Be Equal    ${data}[seq]    ${2}
    Get Redis Messages    ear    ==    ${{ [{'seq': 1}, 'closed', {'seq': 2}] }}
    Get Redis Messages    ear    ==    ${{ ['closed'] }}    channel=sessions
    Stop Redis Listener    ear

Silence On A Channel Is Told
    [Documentation]    With what was published instead.
    Start Redis Listener    ear    user:*    sessions
    Publish    sessions    something else
    ${text}    Run Keyword And Expect Error    *    Wait For Redis Message    ear    containing=never    timeout=500ms
    Should Match Regexp    ${text}
    ...    (?s)^Expected: a message containing 'never' on user:\\*, sessions within 0.5 s.Seen: 1 other.*something else

A Paused Server Is Told
    [Documentation]    Within the session's own time limit; afterwards everything goes on.
    Open Redis Session    hasty    ${REDIS}[url]    timeout=500ms
    Pause Server    ${REDIS}
    ${text}    Run Keyword And Expect Error    *    Get Redis Value    a    alias=hasty
    Should Contain    ${text}    Expected: an answer of Redis 'hasty'
    Resume Server    ${REDIS}
    Get Redis Type    nothing    ==    none    alias=hasty    retry_timeout=2s
    [Teardown]    Resume Server    ${REDIS}

Any Command Can Be Run
    [Documentation]    But none that changes its connection.
    ${answer}    Execute Redis Command    RPUSH    any    one    ${2}
    Should Be Equal    ${answer}    ${2}
    ${answer}    Execute Redis Command    LRANGE    any    0    -1
    Should Be Equal    ${answer}    ${{ ['one', '2'] }}
    ${answer}    Execute Redis Command    GET    no:such:key
    Should Be Equal    ${answer}    ${None}
    Run Keyword And Expect Error    Expected: a command that leaves its connection as it is*
    ...    Execute Redis Command    SELECT    1

Sharded Messages Are Heard
    [Documentation]    On the channel's name, as others.
    Start Redis Listener    shards    sharded
    Execute Redis Command    SPUBLISH    sharded    {"a": 1}
    Wait For Redis Message    shards    channel=sharded    containing="a"

Lives Are Compared With Times
    [Documentation]    With any unit.
    Set Redis Value    shortly    x    expires_in=90 s
    Get Redis Time To Live    shortly    >    20 s
    Get Redis Time To Live    shortly    <=    1 min 30 s
    Run Keyword And Expect Error    *is a duration*    Get Redis Time To Live    shortly    >    soon

Pieces Count More Than A Url
    [Documentation]    A database beside the URL is the one that is read.
    Open Redis Session    third    ${REDIS}[url]    database=3
    ${facts}    Execute Redis Command    CLIENT    INFO
    Should Contain    ${facts}    db=3
    Switch Session    cache


*** Keywords ***
Start Server
    [Documentation]    A server and a session.
    ${redis_server}    Start Redis Server
    VAR    ${REDIS}    ${redis_server}    scope=SUITE
    Open Redis Session    cache    ${REDIS}[url]

Publish
    [Documentation]    As the platform would.
    [Arguments]    ${channel}    ${text}
    Publish As Somebody Else    ${REDIS}    ${channel}    ${text}
