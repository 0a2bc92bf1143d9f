*** Settings ***
Documentation       A server that nobody here wrote: graphql-ws (npm), which speaks the protocol graphql-transport-ws.

Library             realstack.WebSocket
Library             ../../support/NodePeer.py

Suite Setup         Note Server URL
Test Tags           peer


*** Variables ***
${COUNTDOWN}    subscription { countdown(from: 2) }
${SILENCE}      subscription { silence }


*** Test Cases ***
Query Is Answered Once
    Open Session
    Send Json    type=subscribe    id=q1    payload.query=query Hi($name: String!) { hello(name: $name) }
    ...    payload.variables.name=Ann
    Wait For Frame    next    id=q1    payload.data.hello=Hello, Ann
    Wait For Frame    complete    id=q1

Subscription Goes On Until It Is Complete
    Open Session
    Send Json    type=subscribe    id=s1    payload.query=${COUNTDOWN}
    ${events}    Wait For Frames    3    next    id=s1
    Should Be Equal    ${{ [event['payload']['data']['countdown'] for event in $events] }}    ${{ [2, 1, 0] }}
    Wait For Frame    complete    id=s1

Several Subscriptions Share A Connection
    Open Session
    Send Json    type=subscribe    id=a    payload.query=${COUNTDOWN}
    Send Json    type=subscribe    id=b    payload.query=${COUNTDOWN}
    Wait For Frame    next    id=b    payload.data.countdown=0
    Wait For Frame    next    id=a    payload.data.countdown=0

Client Has Had Enough
    Open Session
    Send Json    type=subscribe    id=s1    payload.query=${SILENCE}
    Send Json    type=complete    id=s1
    Send Json    type=ping
    Wait For Frame    pong
    No Frame Should Arrive    id=s1    within=50 ms

Invalid Query Is An Error Of Its Own
    Open Session
    Send Json    type=subscribe    id=q1    payload.query={ nothing }
    Wait For Frame    error    id=q1    payload[0].message^=Cannot query field
    Connection Should Be Open

Ping Is Answered With Its Payload
    Open Session
    Send Json    type=ping    payload.n=${7}
    Wait For Frame    pong    payload.n=7

Wrong Use Closes With A Code
    [Documentation]    As the protocol has it: each kind of wrong use has a code of its own.
    [Template]    Session Should End With
    4400    Invalid message received    type=nonsense
    4401    Unauthorized    type=subscribe    id=q1    payload.query=${COUNTDOWN}
    4403    Forbidden    type=connection_init    payload.token=expired

Session That Is Begun Twice Ends
    Open Session
    Send Json    type=connection_init
    Wait Until Closed    4429    by=server
    Get Close Reason    ==    Too many initialisation requests

Id That Is In Use Ends The Session
    Open Session
    Send Json    type=subscribe    id=s1    payload.query=${SILENCE}
    Send Json    type=subscribe    id=s1    payload.query=${SILENCE}
    Wait Until Closed    4409    by=server
    Get Close Reason    ==    Subscriber for s1 already exists

Session That Is Never Begun Ends
    Open Connection    ${URL}/impatient    subprotocols=graphql-transport-ws
    Wait Until Closed    4408    by=server
    Get Close Reason    ==    Connection initialisation timeout

Other Subprotocol Is Refused
    Connection Should Be Refused    ${URL}/graphql    code=4406    subprotocols=graphql-ws


*** Keywords ***
Note Server URL
    [Documentation]    Starts the server.
    ${url}    Start Peer    graphql/server.mjs
    VAR    ${URL}    ${url}    scope=SUITE

Open Connection Of GraphQL
    [Documentation]    Opens a connection with the subprotocol.
    Open Connection    ${URL}/graphql    subprotocols=graphql-transport-ws
    Get Subprotocol    ==    graphql-transport-ws

Open Session
    [Documentation]    Opens a connection and begins.
    Open Connection Of GraphQL
    Send Json    type=connection_init
    Wait For Frame    connection_ack

Session Should End With
    [Documentation]    Sends something that must not come first, or at all.
    [Arguments]    ${code}    ${reason}    &{message}
    Open Connection Of GraphQL
    Send Json    &{message}
    Wait Until Closed    ${code}    by=server
    Get Close Reason    ==    ${reason}
