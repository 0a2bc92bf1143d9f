*** Settings ***
Documentation       A server that nobody here wrote: socket.io (npm), and what a test of a platform on it looks like.

Library             realstack.WebSocket    codec=socketio
Library             ../../support/NodePeer.py

Suite Setup         Note Server URL
Test Tags           peer


*** Test Cases ***
Session Begins
    Open Chat
    ${opened}    Get Frames    open
    Should Be Equal    ${opened}[0][data][pingInterval]    ${20}

Event Is Acknowledged
    Open Chat
    Send Json    event=say    args[0]=Hello    id=${1}
    Wait For Frame    ack    id=1    args[0].heard=Hello

Event Of The Server Is Acknowledged
    Open Chat
    Send Json    event=ask me
    ${question}    Wait For Frame    id exists    event=ready?
    Send Json    type=ack    id=${question.id}    args[0]=yes, I am
    Wait For Frame    answered    args[0]=yes, I am

Every Event Of The Server Is Acknowledged By Itself
    Open Chat
    Answer Frames    event=ready?    reply={"type": "ack", "id": "{id}", "args": ["by itself"]}    name=acks
    Send Json    event=ask me
    Send Json    event=ask me
    Wait For Frames    2    answered    args[0]=by itself
    ${count}    Stop Sending    acks
    Should Be Equal    ${count}    ${2}

Attachments Are Bytes Among The Arguments
    Open Chat
    Send Json    event=picture    args[0]=${{ b'\xff\xd8\x00' }}    args[1]=a picture
    ${picture}    Wait For Frame    picture    args[0].first.hex=ffd800    args[1]=a picture
    Should Be Equal    ${picture.args[0].second}    ${{ b'\xd8\x00' }}

Heartbeats Are Answered
    Open Chat
    Answer Frames    ping    reply={"type": "pong"}    name=heartbeat
    Get Frame Count    ping    >=    3    timeout=5 s
    Connection Should Be Open
    Stop Sending    heartbeat

Client Without Heartbeats Is Ended
    Open Connection    ${URL}/impatient/?EIO=4&transport=websocket
    Wait For Frame    open
    Wait For Frame    ping
    Wait Until Closed    by=server    timeout=5 s

Namespace Without Credential Is Refused
    Open Chat
    Send Json    type=connect    namespace=/rooms
    Wait For Frame    connect_error    namespace=/rooms    data.message=sign in first    data.data.code=unauthorized

Namespace That Is Not There
    Open Chat
    Send Json    type=connect    namespace=/nowhere
    Wait For Frame    connect_error    namespace=/nowhere    data.message=Invalid namespace

Who Is In A Room Gets What Is Told There
    Open Room    tab1    garden
    Open Room    tab2    garden
    Open Room    tab3    kitchen
    Send Json    namespace=/rooms    event=tell    args[0]=garden    args[1]=Hello    alias=tab1
    Wait For Frame On Each    told    namespace=/rooms    args[1]=Hello    aliases=tab1, tab2
    No Frame Should Arrive    told    within=50 ms    alias=tab3

Credential Is Not Shown
    Open Room    tab1    garden
    Get Frame Count    connect    data.token=<hidden>    ==    1    direction=out    alias=tab1

Server Disconnects
    Open Chat
    Send Json    event=leave
    Wait For Frame    disconnect    namespace=/

Nothing Is Malformed
    Open Chat
    Send Json    event=say    args[0]=Hello    id=${1}
    Wait For Frame    ack
    Messages Should Be Well Formed


*** Keywords ***
Note Server URL
    [Documentation]    Starts the server, and makes a credential.
    ${url}    Start Peer    socketio/server.mjs
    VAR    ${URL}    ${url}    scope=SUITE
    VAR    ${TOKEN: Secret}    ${{robot.api.types.Secret('a-token-' + 'k7' * 30)}}    scope=SUITE

Open Chat
    [Documentation]    Opens a connection and enters the main namespace.
    [Arguments]    ${alias}=chat
    Open Connection    ${URL}/chat/?EIO=4&transport=websocket    ${alias}
    Wait For Frame    open    data.sid exists
    Send Json    type=connect
    Wait For Frame    connect    data.sid exists    namespace=/

Open Room
    [Documentation]    Opens a connection, enters the namespace of rooms with a credential, and joins one.
    [Arguments]    ${alias}    ${room}
    Open Chat    ${alias}
    Send Json    type=connect    namespace=/rooms    data.token=${TOKEN}
    Wait For Frame    connect    namespace=/rooms
    Send Json    namespace=/rooms    event=join    args[0]=${room}    id=${0}
    Wait For Frame    ack    namespace=/rooms    id=0
