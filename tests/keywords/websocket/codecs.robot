*** Settings ***
Documentation       Messages that are not plain JSON in text frames, and codecs of one's own.

Library             realstack.WebSocket    codec=json-lines
Library             ../../support/WebSocketServer.py

Suite Setup         Note Server URL


*** Test Cases ***
Lines By Default
    Open Connection    ${URL}/echo
    Send Frame    {"type":"a"}\n{"type":"b","token":"s3cr3t"}\n
    Wait For Frame    b    token=<hidden>
    Wait For Frame    a    timeout=0s
    Get Frame Count    ==    2

Hub Of SignalR
    Open Connection    ${URL}/echo    hub    codec=signalr
    Send Json    type=handshake    protocol=json    version=${1}
    Wait For Frame    handshake    error missing
    Send Json    type=${1}    target=Say    arguments[0]=Ann    arguments[1].text=Hello
    ${frame} =    Wait For Frame    Say    arguments[1].text=Hello
    Should Be Equal    ${frame.arguments[0]}    Ann
    Messages Should Be Well Formed

Events Of Socket IO
    Open Connection    ${URL}/echo    chat    codec=socketio
    Send Json    event=message    args[0].text=Hello    args[1]=${{b'\xff\xd8'}}    id=${7}
    ${frame} =    Wait For Frame    message    args[0].text=Hello    id=7
    Should Be Equal    ${frame.args[1]}    ${{b'\xff\xd8'}}
    Send Json    type=ack    id=${7}    args[0]=done
    Wait For Frame    ack    id=7    args[0]=done
    Send Frame    42["auth",{"token":"s3cr3t"}]
    Wait For Frame    auth    args[0].token=<hidden>

Queue Of STOMP
    Open Connection    ${URL}/echo    queue    codec=stomp
    Send Json    command=SEND    headers.destination=/queue/a    body.text=Hello
    Wait For Frame    SEND    headers.destination=/queue/a    body.text=Hello
    Send Frame    \n
    Wait For Frame    heart-beat

Malformed Messages Are Told
    Open Connection    ${URL}/echo    hub    codec=signalr
    Send Frame    {"type":6}
    Wait For Frame    $*=type
    Run Keyword And Expect Error    *1 of 1 can't*does not end with U+001E*    Messages Should Be Well Formed

Codec Of One's Own
    Open Connections    ${URL}/echo    tab1    tab2    codec=${CURDIR}/../../support/pipes.py:Pipes
    Send Json    type=hello    text=there    alias=tab1
    Wait For Frame    hello    text=there    alias=tab1
    Run Keyword And Expect Error    *codec '*Pipes' can write*KeyError: 'text'*Remedy:*    Send Json    type=hello

Unknown Codec
    Run Keyword And Expect Error    *a codec: json, json-binary*'yaml'*Remedy:*    Open Connection    ${URL}/echo    codec=yaml

Fields That Can't Be Set
    Open Connection    ${URL}/echo
    Run Keyword And Expect Error    *'a?1?' can't be set: an array is filled in order*    Send Json    a[1]=x
    Run Keyword And Expect Error    *'a.b' can't be set: 'b' is a field*    Send Json    a=x    a.b=y


*** Keywords ***
Note Server URL
    [Documentation]    Starts the server.
    ${url} =    Server URL
    VAR    ${URL}    ${url}    scope=SUITE
