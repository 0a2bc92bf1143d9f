*** Settings ***
Documentation       Streams over HTTP through the keywords of connections: Server-Sent Events and JSON lines.

Library             realstack.WebSocket
Library             ../../support/StreamServer.py

Suite Setup         Note Server URL


*** Test Cases ***
Events Are Taken Like Frames
    Open Connection    ${URL}/ticks    feed    transport=sse
    ${tick} =    Wait For Frame    tick    data.seq=2
    Should Be Equal    ${tick.id}    2
    Wait For Frame    tick    data.seq=1
    Wait Until Closed    by=server
    Get Frame Count    tick    ==    3
    Get Handshake Status    ==    200
    Get Handshake Header    Content-Type    contains    event-stream

Stream Tells What Is No Event
    Open Connection    ${URL}/ticks    feed    transport=sse
    Wait For Frame    tick    data.seq=3
    Get Heartbeat Count    ==    1
    Get Last Event Id    ==    3
    Get Retry Time    ==    2500 ms

Reopened Stream Goes On Behind Its Last Event
    Open Connection    ${URL}/ticks    feed    transport=sse
    Wait Until Closed    by=server
    Open Connection    ${URL}/ticks    feed    transport=sse
    Wait For Frame    tick    data.seq=4
    Wait Until Closed
    Open Connection    ${URL}/ticks    feed    transport=sse    resume_from=${EMPTY}
    Wait For Frame    tick    data.seq=1
    Open Connection    ${URL}/ticks    other    transport=sse    resume_from=${41}
    Wait For Frame    tick    id=42

Question Is Posted And Its Answer Streamed
    VAR    &{question}    prompt=one two three    stream=${True}
    Open Connection    ${URL}/completions    answer    transport=sse    body=${question}
    Wait For Frame    data.delta=three
    Wait For Frame    message    data=[DONE]
    Wait Until Closed    by=server
    Open Connection    ${URL}/completions    text    transport=sse    body={"prompt": "four"}
    Wait For Frame    data.delta=four

Answer Flows
    VAR    &{question}    prompt=one two three
    Open Connection    ${URL}/completions    answer    transport=sse    body=${question}
    ${pace} =    Answer Should Flow
    ...    message    data=[DONE]    pieces=data.delta exists    first_word=5 s    longest_gap=5 s
    Should Be Equal    ${pace}[pieces]    ${3}
    Should Be True    0 < $pace['first_word'] <= $pace['end']
    Should Be True    0 <= $pace['longest_gap'] <= $pace['end']
    Get Frame Count    data.delta exists    ==    3

Answer That Is Late Is Told
    VAR    &{question}    prompt=one two three
    Open Connection    ${URL}/completions    answer    transport=sse    body=${question}
    Run Keyword And Expect Error    Expected: a first word of 0 s at most, on connection 'answer'*3 pieces*
    ...    Answer Should Flow    message    data=[DONE]    pieces=data.delta exists    first_word=0 s
    Run Keyword And Expect Error    *data=[[]DONE]*on connection 'answer'*
    ...    Answer Should Flow    message    data=[DONE]    pieces=data.delta exists    timeout=10 ms

Method And Body Are Sent
    Open Connection    ${URL}/request    transport=sse    method=PATCH    body=hello    origin=http://page.test
    Wait For Frame    request    data.method=PATCH    data.body=hello    data.headers.origin=http://page.test

Lines Of JSON
    Open Connection    ${URL}/lines    lines    transport=jsonl
    Wait For Frame    b
    Wait For Frame    a    n=1
    Wait For Frame    c
    Connection Should Be Closed After Its End

Nothing Can Be Sent
    [Template]    Sending Should Be Refused
    Send Json    {"type": "hello"}
    Send Frame    hello
    Send Every    1 s    hello
    Get Ping Time

Stream Is Open Until Somebody Ends It
    Open Connection    ${URL}/open    feed    transport=sse
    Wait For Frame    hello    data.text=hello    data.token=<hidden>
    No Frame Should Arrive    hello    within=10ms
    Connection Should Be Open
    ${code} =    Close Connection
    Should Be Equal    ${code}    ${None}
    Connection Should Be Closed    by=client
    Run Keyword And Expect Error    *'feed' open*closed by the client    Connection Should Be Open

Stream Has No Close Code
    Open Connection    ${URL}/ticks    feed    transport=sse
    Wait Until Closed
    Get Close Code    ==    ${None}
    Run Keyword And Expect Error    *closed with code 1000*no close code, as HTTP has none, closed by the server*
    ...    Connection Should Be Closed    1000

Broken Stream Is Told
    Open Connection    ${URL}/cut    feed    transport=sse
    Wait Until Closed    by=nobody
    Run Keyword And Expect Error    *the connection ended*the transport broke*incomplete*    Wait For Frame    data=b

Refusals
    ${refusal} =    Connection Should Be Refused    ${URL}/status/401    status=401    transport=sse
    Should Contain    ${refusal}[body]    "error": "no"
    Run Keyword And Expect Error    *stream of Server-Sent Events*HTTP 404*check the URL and method=*
    ...    Open Connection    ${URL}/nowhere    transport=sse
    Run Keyword And Expect Error    *with Content-Type: text/html*whether transport=*
    ...    Open Connection    ${URL}/page    transport=sse
    Run Keyword And Expect Error    *a refused connection*a stream that began
    ...    Connection Should Be Refused    ${URL}/open    transport=sse

Credentials Are Not Shown
    VAR    &{headers}    Authorization=${TOKEN}
    VAR    ${secret: Secret}    ${{robot.api.types.Secret($URL + '/request?key=' + $TOKEN.value)}}
    Open Connection    ${secret}    transport=sse    headers=${headers}    body=${TOKEN}
    ${frame} =    Wait For Frame    request    data.headers.authorization=<hidden>
    Should Be True    $TOKEN.value not in str($frame)

Options Of WebSockets
    Run Keyword And Expect Error    *subprotocols=, which only WebSockets have*
    ...    Open Connection    ${URL}/ticks    transport=sse    subprotocols=jwt
    Run Keyword And Expect Error    *body=, which only streams*    Open Connection    ws://127.0.0.1:1/    body=x
    Run Keyword And Expect Error    *the URL of a stream*http://*    Open Connection    ws://127.0.0.1:1/    transport=jsonl


*** Keywords ***
Note Server URL
    [Documentation]    Starts the server, and makes a credential.
    ${url} =    Server URL
    VAR    ${URL}    ${url}    scope=SUITE
    VAR    ${TOKEN: Secret}    ${{robot.api.types.Secret('a-token-' + 'k7' * 30)}}    scope=SUITE

Sending Should Be Refused
    [Documentation]    The keyword says that only the server sends.
    [Arguments]    ${name}    @{arguments}
    Open Connection    ${URL}/open    transport=sse
    Run Keyword And Expect Error    *is a stream over HTTP*only its server sends*Remedy:*    ${name}    @{arguments}

Connection Should Be Closed After Its End
    [Documentation]    The server ended the stream.
    Wait Until Closed    by=server
    Connection Should Be Closed    by=server
