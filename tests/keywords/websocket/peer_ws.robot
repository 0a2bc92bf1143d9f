*** Settings ***
Documentation       A server that nobody here wrote: ws (npm), the one that most platforms on Node.js have.

Library             realstack.WebSocket
Library             ../../support/NodePeer.py

Suite Setup         Note Server URL
Test Tags           peer


*** Test Cases ***
Text And Binary Frames Come Back As They Went
    Open Connection    ${URL}/echo
    Send Json    type=message    payload.text=Grüße 👋
    Wait For Frame    message    payload.text=Grüße 👋
    Send Frame    ${{ b'\x00\xff\xd8' }}
    Wait For Frame    hex=00ffd8

JSON In Binary Frames Is Read
    Open Connection    ${URL}/echo    codec=json-binary
    Send Json    type=message    n=${1}
    Wait For Frame    message    n=1

Fragments Are One Message
    Open Connection    ${URL}/fragments
    Wait For Frame    whole    parts=3
    Get Frame Count    ==    1

Frames Are Compressed Both Ways
    Open Connection    ${URL}/echo
    Get Handshake Header    Sec-WebSocket-Extensions    contains    permessage-deflate
    Send Json    type=message    text=${{ 'so compressible ' * 1000 }}
    Wait For Frame    message    text$=compressible${SPACE}

Compression Spares The Server's Memory
    VAR    &{sparing}    serverNoContextTakeover=${True}    clientNoContextTakeover=${True}    serverMaxWindowBits=${9}
    ${url}    Start Peer    ws/server.mjs    compression=${sparing}
    Open Connection    ${url}/echo
    Get Handshake Header    Sec-WebSocket-Extensions    contains    server_max_window_bits=9
    Send Json    type=message    text=${{ 'so compressible ' * 1000 }}
    Send Json    type=message    text=${{ 'so compressible ' * 1000 }}
    Wait For Frames    2    message    text$=compressible${SPACE}

Compression Is Not Offered
    Open Connection    ${URL}/echo    compression=False
    Get Handshake Header    Sec-WebSocket-Extensions    ==    ${EMPTY}
    Send Json    type=message
    Wait For Frame    message

Large Message Is Taken And A Larger One Than Allowed Is Not
    Open Connection    ${URL}/large    compression=False
    Wait For Frame    large
    Open Connection    ${URL}/large    max_size=1 KiB
    Wait Until Closed    1009    by=client

Subprotocol Is The One That The Server Prefers
    Open Connection    ${URL}/echo    subprotocols=chat.v1, chat.v2
    Get Subprotocol    ==    chat.v2

Pings Go Both Ways
    Open Connection    ${URL}/pinging
    Wait For Frame    ponged    data=are you there?
    Get Ping Time    <    1 min
    Wait For Frame    pinged

Close Codes Are Told
    [Template]    Server Should Close With
    1000
    1001
    1008
    1011
    3000
    4999

Close Frame Without A Code
    Open Connection    ${URL}/silent-end
    Wait Until Closed    1005    by=server

Client Closes
    Open Connection    ${URL}/echo
    ${code}    Close Connection    4000    enough
    Should Be Equal    ${code}    ${4000}
    Connection Should Be Closed    4000    by=client

Server Closes And Keeps TCP Open
    Open Connection    ${URL}/lingering
    Send Frame    go
    Wait Until Closed    4001    by=server    timeout=2 s
    Get Close Reason    ==    session over
    Run Keyword And Expect Error    *4001 'session over', closed by the server*    Send Frame    too late

Transport Breaks
    Open Connection    ${URL}/vanishing
    Send Frame    go
    Wait Until Closed    1006    by=nobody

Messages That The Server Can't Take Close It
    [Template]    Server Should Close After
    1009    ${{ 'x' * 2**17 }}
    1009    ${{ b'x' * 2**17 }}

Refused Handshake Tells Status, Headers And Body
    ${refusal}    Connection Should Be Refused    ${URL}/refused/401    status=401
    Should Be Equal    ${refusal}[headers][WWW-Authenticate]    Bearer realm="chat"
    Should Be Equal    ${refusal}[body]    sign in first
    ${refusal}    Connection Should Be Refused    ${URL}/refused/403    status=403
    Should Be Equal    ${refusal}[body]    not from this origin
    Run Keyword And Expect Error    *HTTP 401*sign in first*    Open Connection    ${URL}/refused/401

Refused After The Handshake
    ${refusal}    Connection Should Be Refused    ${URL}/close/4401    code=4401
    Should Be Equal    ${refusal}[reason]    as you wish


*** Keywords ***
Note Server URL
    [Documentation]    Starts the server.
    ${url}    Start Peer    ws/server.mjs
    VAR    ${URL}    ${url}    scope=SUITE

Server Should Close With
    [Documentation]    The code is told, and who said it.
    [Arguments]    ${code}
    Open Connection    ${URL}/close/${code}
    Wait Until Closed    ${code}    by=server    timeout=2 s
    Get Close Reason    ==    as you wish

Server Should Close After
    [Documentation]    What is sent is too much for it.
    [Arguments]    ${code}    ${frame}
    Open Connection    ${URL}/strict
    Send Frame    ${frame}
    Wait Until Closed    ${code}    by=server    timeout=2 s
