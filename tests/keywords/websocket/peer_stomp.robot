*** Settings ***
Documentation       A broker that nobody here wrote: CoilMQ (PyPI), and what a test of a platform on STOMP looks like.

Library             realstack.WebSocket    codec=stomp
Library             ../../support/StompBroker.py

Suite Setup         Note Broker URL
Test Tags           peer


*** Test Cases ***
Versions Are Agreed
    [Template]    Session Should Have Version
    1.0, 1.1, 1.2    1.2
    1.0, 1.1    1.1

Version That The Broker Has Not
    Open Connection    ${URL}    subprotocols=v12.stomp
    Send Json    command=CONNECT    headers.accept-version=9.9    headers.login=ann    headers.passcode=${PASSCODE}
    Wait For Frame    ERROR    headers.message*=Supported protocol versions

Wrong Passcode Is Refused
    Open Connection    ${URL}    subprotocols=v12.stomp
    Send Json    command=CONNECT    headers.accept-version=1.1    headers.login=ann    headers.passcode=wrong
    Wait For Frame    ERROR    headers.message=Authentication failed for ann

Passcode Is Not Shown
    Open Session    tab
    Get Frame Count    CONNECT    headers.passcode=<hidden>    ==    1    direction=out

Topic Reaches Everybody
    Open Session    tab1
    Open Session    tab2
    Open Subscription    /topic/news    alias=tab1
    Open Subscription    /topic/news    alias=tab2
    Send Json    command=SEND    headers.destination=/topic/news    body=Hello 👋    alias=tab1
    Wait For Frame On Each    MESSAGE    headers.destination=/topic/news    body=Hello 👋    aliases=tab1, tab2

Queue Reaches One
    Open Session    tab1
    Open Session    tab2
    Send Json    command=SEND    headers.destination=/queue/jobs    body.job=${7}    alias=tab1
    Open Subscription    /queue/jobs    alias=tab2
    ${message}    Wait For Frame    MESSAGE    body.job=7    alias=tab2
    Should Be Equal    ${message.headers['content-type']}    application/json
    Open Subscription    /queue/jobs    alias=tab1
    No Frame Should Arrive    MESSAGE    within=50 ms    alias=tab1

Message That Is Not Acknowledged Comes Again
    Open Session    tab1
    Open Session    tab2
    Open Subscription    /queue/tasks    ack=client    alias=tab1
    Send Json    command=SEND    headers.destination=/queue/tasks    body=first    alias=tab1
    Wait For Frame    MESSAGE    body=first    alias=tab1
    Send Json    command=DISCONNECT    headers.receipt=goodbye    alias=tab1
    Wait For Frame    RECEIPT    headers.receipt-id=goodbye    alias=tab1
    Open Subscription    /queue/tasks    alias=tab2
    Wait For Frame    MESSAGE    body=first    alias=tab2

Next Message Waits For The Acknowledgement
    Open Session    tab
    Open Subscription    /queue/steps    ack=client
    Send Json    command=SEND    headers.destination=/queue/steps    body=first
    Send Json    command=SEND    headers.destination=/queue/steps    body=second
    ${first}    Wait For Frame    MESSAGE    body=first
    No Frame Should Arrive    MESSAGE    within=50 ms
    Send Json
    ...    command=ACK
    ...    headers.subscription=/queue/steps
    ...    headers.message-id=${first.headers['message-id']}
    Wait For Frame    MESSAGE    body=second

Transaction That Is Aborted Sends Nothing
    Open Session    tab
    Open Subscription    /topic/news
    Send Json    command=BEGIN    headers.transaction=t1
    Send Json    command=SEND    headers.transaction=t1    headers.destination=/topic/news    body=taken back
    Send Json    command=ABORT    headers.transaction=t1
    Send Json    command=BEGIN    headers.transaction=t2
    Send Json    command=SEND    headers.transaction=t2    headers.destination=/topic/news    body=meant
    Send Json    command=COMMIT    headers.transaction=t2
    Wait For Frame    MESSAGE    body=meant
    Get Frame Count    MESSAGE    ==    1

Bytes Come Back As They Went
    Open Session    tab
    Open Subscription    /topic/pictures
    Send Json    command=SEND    headers.destination=/topic/pictures    body=${{ b'\xff\xd8\x00\xff' }}
    Wait For Frame    MESSAGE    body.hex=ffd800ff

Heartbeats Go Both Ways
    [Documentation]    The broker gives a client up that was silent for twice its 300 ms, and sends its fourth after a second.
    Open Session    tab    heartbeat=300,100
    Send Every    50 ms    ${{ '\n' }}    name=heartbeat
    Wait For Frames    4    heart-beat
    Connection Should Be Open
    Stop Sending    heartbeat

Wrong Use Is An Error
    Open Session    tab
    Send Json    command=SEND    body=to nobody
    Wait For Frame    ERROR    headers.message=Missing destination for SEND command.

Nothing Is Malformed
    Open Session    tab
    Open Subscription    /topic/news
    Messages Should Be Well Formed


*** Keywords ***
Note Broker URL
    [Documentation]    Makes a credential, and starts the broker.
    VAR    ${PASSCODE: Secret}    ${{robot.api.types.Secret('a-passcode-' + 'k7' * 10)}}    scope=SUITE
    ${url}    Start Stomp Broker    ann    ${PASSCODE}
    VAR    ${URL}    ${url}    scope=SUITE
    ${host}    Get Virtual Host
    VAR    ${HOST}    ${host}    scope=SUITE

Open Session
    [Documentation]    Opens a connection and begins, with these versions and heartbeats.
    [Arguments]    ${alias}    ${versions}=1.1    ${heartbeat}=0,0
    Open Connection    ${URL}    ${alias}    subprotocols=v12.stomp, v11.stomp
    Send Json    command=CONNECT    headers.accept-version=${versions.replace(' ', '')}    headers.host=${HOST}
    ...    headers.heart-beat=${heartbeat}    headers.login=ann    headers.passcode=${PASSCODE}
    ${connected}    Wait For Frame    CONNECTED
    RETURN    ${connected.headers.version}

Session Should Have Version
    [Documentation]    Of those that the client offers.
    [Arguments]    ${offered}    ${agreed}
    ${version}    Open Session    tab    ${offered}
    Should Be Equal    ${version}    ${agreed}
    Close Connection    alias=tab

Open Subscription
    [Documentation]    Subscribes, by the destination's own name, and waits until that is so.
    [Arguments]    ${destination}    ${ack}=auto    ${alias}=${None}
    Send Json    command=SUBSCRIBE    headers.destination=${destination}    headers.id=${destination}    headers.ack=${ack}
    ...    headers.receipt=${destination}    alias=${alias}
    Wait For Frame    RECEIPT    headers.receipt-id=${destination}    alias=${alias}
