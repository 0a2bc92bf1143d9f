*** Settings ***
Documentation       Links that run through the fault proxy.

Library             realstack.NetworkFault
Library             realstack.WebSocket
Library             ../../support/EchoServer.py
Library             ../../support/WebSocketServer.py

Test Setup          Open Wire


*** Test Cases ***
Proxy Is Transparent Without Toxics
    Client Should Hear    hello
    Get Passed Bytes    wire    ==    10
    Get Passed Bytes    wire    ==    5    direction=to-service    what=received
    Get Proxy Connections    wire    ==    1

Latency
    Add Latency    wire    150ms    jitter=50ms    direction=to-service
    Client Should Hear    late
    Get Toxic Hits    wire    latency    ==    1
    Remove Toxic    wire    latency
    Client Should Hear    soon    patience=2
    Get Toxic Hits    wire    latency    ==    1

Both Directions Are One Toxic By Name
    Add Latency    wire    1h
    Get Toxics    wire    ==    latency-to-service, latency-from-service
    Client Should Hear Nothing    x
    Remove Toxic    wire    latency
    Client Should Hear    x    say=False
    Toxic Should Have Hit    wire    latency

Bandwidth And Slices
    Limit Bandwidth    wire    50 kB/s    direction=from-service
    Slice Data    wire    2    direction=to-service
    Client Should Hear    some words
    Get Toxic Hits    wire    slicer    ==    5
    Toxic Should Have Hit    wire    bandwidth
    Remove All Toxics    wire
    Get Toxics    wire    ==    ${EMPTY}

Stall Then Heal
    Stall Link    wire
    Client Should Hear Nothing    held
    Remove Toxic    wire    stall
    Client Should Hear    held    say=False

Stall For A Time
    Stall Link    wire    for=150ms
    Client Should Hear    held
    Get Toxics    wire    ==    ${EMPTY}

Cut After Bytes
    Cut After Bytes    wire    3    ending=finish
    Run Keyword And Expect Error    The connection ended after b'abc'    Client Should Hear    abcdef
    Toxic Should Have Hit    wire    cut

Cut At Bytes
    Cut At Bytes    wire    COMMIT    direction=to-service
    Client Should Hear    BEGIN
    Run Keyword And Expect Error    *Connection*    Client Should Hear    now COMMIT
    Wait Until Toxic Hits    wire    timeout=2s

Connections Are Reset And Refused
    Reset Proxy Connections    wire
    Client Should Be Reset
    Refuse New Connections    wire
    Run Keyword And Expect Error    ConnectionRefusedError*    Connect Client    port=${PORT}
    Accept New Connections    wire
    Connect Client    port=${PORT}
    Client Should Hear    again

Half Closed
    Half Close Link    wire    from-service
    Run Keyword And Expect Error    The connection ended after b''    Client Should Hear    anybody

Acknowledgement Is Lost
    Open Socket Through A Proxy
    Cut At Message    socket    message_accepted    message_id=m-2
    Send Json    type=message_accepted    message_id=m-1
    Wait For Frame    message_accepted    message_id=m-1
    Send Json    type=message_accepted    message_id=m-2
    Wait Until Toxic Hits    socket    cut    timeout=2s
    Wait Until Closed    1006    by=nobody
    Get Frame Count    message_id=m-2    ==    0
    Get Toxics    socket    ==    ${EMPTY}

One Message Is Swallowed
    Open Socket Through A Proxy    strip_extensions=True
    Cut At Message    socket    n=2    ending=swallow
    Send Json    n=${1}
    Send Json    n=${2}
    Send Json    n=${3}
    Wait For Frame    n=3
    Get Frame Count    n=2    ==    0
    Get Passed Bytes    socket    >    0    what=discarded

Connection Stands Still At A Message
    Open Socket Through A Proxy
    Cut At Message    socket    freeze    ending=stall    name=freezer
    Send Json    type=freeze
    Wait Until Toxic Hits    socket    freezer
    No Frame Should Arrive    within=100ms
    Remove Toxic    socket    freezer
    Wait For Frame    freeze

No Receipt No Pass
    Cut At Bytes    wire    never
    Run Keyword And Expect Error    INVALID: *toxic 'cut' of link 'wire' hits at least 1 times*it hit 0 times*
    ...    Toxic Should Have Hit    wire    cut
    Run Keyword And Expect Error    INVALID: *within 0.05 s*    Wait Until Toxic Hits    wire    timeout=50ms
    Close All Clients
    Run Keyword And Expect Error    INVALID: *connections of link 'wire' to reset*there were 0*
    ...    Reset Proxy Connections    wire

Bad Input
    Run Keyword And Expect Error    No proxy link has the alias 'x'. Open are: wire.*    Stall Link    x
    Run Keyword And Expect Error    *a free alias for the proxy link*'wire' is taken*
    ...    Open Proxy Link    wire    127.0.0.1    80
    Run Keyword And Expect Error    Expected: the rate is bytes, such as 4096*    Limit Bandwidth    wire    fast
    Run Keyword And Expect Error    Latency can't be negative*    Add Latency    wire    10ms    jitter=20ms
    Run Keyword And Expect Error    Link 'wire' has no toxic 'x'*    Remove Toxic    wire    x
    Run Keyword And Expect Error    *strip_extensions=True*    Cut At Message    wire    a    ending=swallow
    Run Keyword And Expect Error    Toxic 'stall-to-service'*is no cut*    Stall And Wait For Its Hit


*** Keywords ***
Open Wire
    [Documentation]    A proxy before the echo server, and a client of it.
    ${target} =    Echo Server Port
    ${address} =    Open Proxy Link    wire    127.0.0.1    ${target}
    VAR    ${PORT}    ${{int($address.rpartition(':')[2])}}    scope=TEST
    Connect Client    port=${PORT}

Open Socket Through A Proxy
    [Documentation]    A WebSocket whose bytes the proxy sees.
    [Arguments]    &{options}
    ${url} =    Server URL
    ${target} =    Evaluate    int($url.rpartition(':')[2])
    Open Proxy Link    socket    127.0.0.1    ${target}    &{options}
    ${url} =    Get Proxy Url    socket    ${url}/echo
    Open Connection    ${url}    tab

Close All Clients
    [Documentation]    The proxy has no connection any more.
    Reset Proxy Connections    wire
    Get Proxy Connections    wire    ==    0

Stall And Wait For Its Hit
    [Documentation]    A stall has no moment at which it hits.
    Stall Link    wire
    Wait Until Toxic Hits    wire    stall-to-service
