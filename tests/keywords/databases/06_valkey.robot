*** Settings ***
Documentation       What the keywords of Redis do on Valkey, which goes on from Redis 7.2 and speaks its protocol.

Library             realstack.Databases
Library             ../support/ScratchServers.py

Suite Setup         Start Server


*** Test Cases ***
Values Expire
    [Documentation]    Text, time to live, type.
    Set Redis Value    a    hello    expires_in=60s
    Get Redis Value    a    ==    hello
    Get Redis Type    a    ==    string
    Get Redis Time To Live    a    >    30
    Set Redis Value    short    gone    expires_in=100ms
    Get Redis Type    short    ==    none    retry_timeout=3s

Counters Count
    [Documentation]    A key that isn't there counts nothing.
    Get Redis Counter    limit    ==    0
    Set Redis Value    limit    ${5}
    Get Redis Counter    limit    ==    5

Streams Are Read
    [Documentation]    Entries, groups, and what was taken but not acknowledged.
    Fill Stream As Somebody Else    ${VALKEY}    runs    agents    count=3    taken=2
    Get Redis Stream Length    runs    ==    3
    ${groups}    Get Redis Stream Groups    runs
    Should Be Equal    ${groups}[0][name]    agents
    ${pending}    Get Redis Pending Entries    runs    agents
    Should Be Equal    ${pending}[1][consumer] ${pending}[1][deliveries]    worker-1 1

Server Tells About Itself
    [Documentation]    By its own name and version, besides those that it has for Redis' sake.
    Get Redis Info    server_name    ==    valkey
    Get Redis Info    valkey_version    matches    ^\\d+\\.
    Get Server Version    cache    >=    9.
    Get Redis Setting    appendonly    ==    no
    Get Redis Client Count    ==    0

Published Messages Are Heard
    [Documentation]    Also sharded ones.
    Start Redis Listener    ear    user:*    sharded
    Publish As Somebody Else    ${VALKEY}    user:1    {"seq": 1}
    Wait For Redis Message    ear    channel=user:1    containing="seq"
    Execute Redis Command    SPUBLISH    sharded    {"a": 1}
    Wait For Redis Message    ear    channel=sharded

Commands Newer Than Those Of Redis
    [Documentation]    Their answers are read as others.
    Execute Redis Command    HSET    session    user    ann    token    x
    Execute Redis Command    HEXPIRE    session    60    FIELDS    1    token
    ${left}    Execute Redis Command    HTTL    session    FIELDS    2    token    user
    Should Be Equal    ${{ [0 < $left[0] <= 60, $left[1]] }}    ${{ [True, -1] }}
    Set Redis Value    lock    mine
    ${deleted}    Execute Redis Command    DELIFEQ    lock    theirs
    Should Be Equal    ${deleted}    ${0}

Account That May Not Look At The Server
    [Documentation]    It reads and writes, and hears what is published.
    ${password}    An Account Of A Member
    ${version}    Open Redis Session    member    ${VALKEY}[url]    user=member    password=${password}
    Should Be Equal    ${version}    unknown
    Set Redis Value    public:a    hello
    Run Keyword And Expect Error    *No permissions to access a key*    Get Redis Value    private:a
    Run Keyword And Expect Error    *no permissions to run the 'info' command*    Get Server Version    member
    Start Redis Listener    ear    news
    Stop Redis Listener    ear
    [Teardown]    Switch Session    cache


*** Keywords ***
Start Server
    [Documentation]    A server and a session.
    ${server}    Start Valkey Server
    VAR    ${VALKEY}    ${server}    scope=SUITE
    Open Redis Session    cache    ${VALKEY}[url]

An Account Of A Member
    [Documentation]    All but the dangerous commands, on public keys.
    ${password}    Make Wrong Password
    VAR    ${rule: Secret}    ${{robot.api.types.Secret('>' + $password.value)}}
    Execute Redis Command    ACL    SETUSER    member    on    ${rule}    ~public:*    &*    +@all    -@dangerous
    RETURN    ${password}
