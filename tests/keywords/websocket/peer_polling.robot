*** Settings ***
Documentation       Long polling with a server that nobody here wrote: socket.io (npm), where it speaks nothing else.

Library             realstack.WebSocket    codec=socketio
Library             ../../support/NodePeer.py

Suite Setup         Note Server URL
Test Tags           peer


*** Test Cases ***
Event Is Acknowledged
    Open Chat
    Send Json    event=say    args[0]=Hello    id=${1}
    Wait For Frame    ack    id=1    args[0].heard=Hello
    Get Handshake Status    ==    200

Many Events Come In Their Order
    Open Chat
    Send Json    event=count    args[0]=${500}
    ${counted}    Wait For Frames    500    counted    timeout=10 s
    ${numbers}    Evaluate    [one.args[0] for one in $counted]
    Should Be Equal    ${numbers}    ${{ list(range(1, 501)) }}

Event Of The Server Is Acknowledged By Itself
    Open Chat
    Answer Frames    event=ready?    reply={"type": "ack", "id": "{id}", "args": ["by itself"]}    name=acks
    Send Json    event=ask me
    Wait For Frame    answered    args[0]=by itself

Attachments Are Bytes Among The Arguments
    Open Chat
    Send Json    event=picture    args[0]=${{ b'\xff\xd8\x00' }}    args[1]=a picture
    ${picture}    Wait For Frame    picture    args[0].first.hex=ffd800    args[1]=a picture
    Should Be Equal    ${picture.args[0].second}    ${{ b'\xd8\x00' }}
    Messages Should Be Well Formed

Heartbeats Are Answered
    Open Chat
    Answer Frames    ping    reply={"type": "pong"}    name=heartbeat
    Get Frame Count    ping    >=    3    timeout=5 s
    Connection Should Be Open

Client Without Heartbeats Is Ended
    Open Connection    ${URL}/impatient/    transport=polling
    Wait For Frame    ping
    Wait Until Closed    by=server    timeout=5 s

Server Ends The Session
    Open Chat
    Send Json    event=drop me
    Wait For Frame    close
    Wait Until Closed    by=server    timeout=5 s
    Run Keyword And Expect Error    *'chat' open to send a frame*closed by the server*    Send Json    event=say

Client Ends The Session
    Open Chat
    Close Connection
    Get Close Code    ==    ${None}
    ${opened}    Get Frames    open
    ${refusal}    Connection Should Be Refused    ${URL}/polled/?sid=${opened}[0][data][sid]    transport=polling
    Should Contain    ${refusal}[body]    Session ID unknown

Other Transports Are Refused
    ${refusal}    Connection Should Be Refused    ${URL}/chat/    transport=polling    status=400
    Should Contain    ${refusal}[body]    Transport unknown

What A Polled Session Has Not Is Told
    Open Chat
    Run Keyword And Expect Error    *is polled*heartbeats are messages*    Get Ping Time
    Run Keyword And Expect Error    *Expected: a stream over HTTP*is polled*    Get Retry Time


*** Keywords ***
Note Server URL
    [Documentation]    Starts the server.
    ${url}    Start Peer    socketio/server.mjs
    VAR    ${URL}    ${url.replace('ws:', 'http:')}    scope=SUITE

Open Chat
    [Documentation]    Opens a session and enters the main namespace.
    Open Connection    ${URL}/polled/    chat    transport=polling
    Wait For Frame    open    data.sid exists
    Send Json    type=connect
    Wait For Frame    connect    data.sid exists    namespace=/
