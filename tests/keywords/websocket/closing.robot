*** Settings ***
Documentation       Ending connections, and how they ended.

Library             realstack.WebSocket
Library             ../../support/WebSocketServer.py

Suite Setup         Note Server URL


*** Test Cases ***
Close With A Code
    Open Connection    ${URL}/echo
    ${code} =    Close Connection    4000    enough
    Should Be Equal As Integers    ${code}    4000
    Get Close Code    ==    4000
    Get Close Reason    ==    enough
    Get Connection State    ==    closed
    Connection Should Be Closed    4000    by=client

Server Closes
    Open Connection    ${URL}/close/4401    tab
    Wait Until Closed    4401    by=server    timeout=2s
    Run Keyword And Expect Error    *closed with code 1000*Seen: 4401 'as you wish', closed by the server*
    ...    Connection Should Be Closed    1000

Transport Breaks
    Open Connection    ${URL}/echo    tab
    Send Frame    drop
    Wait Until Closed    1006    by=nobody

Abort Ends Without A Close Frame
    [Template]    Aborted Connection Should Be Gone
    reset
    finish

Deaf Server Does Not Hold Up Closing
    Open Connection    ${URL}/deaf    deaf
    ${code} =    Close Connection    timeout=100ms
    Should Be Equal As Integers    ${code}    1006

Still Open
    Open Connection    ${URL}/echo    tab
    Run Keyword And Expect Error    *connection 'tab' closed within 0.02 s*still open*    Wait Until Closed    timeout=20ms
    Run Keyword And Expect Error    *connection 'tab' closed*it is open*Wait Until Closed*    Get Close Code
    Run Keyword And Expect Error    *connection 'tab' closed*it is open*    Connection Should Be Closed

Closed For Sending
    Open Connection    ${URL}/close/1012    tab
    Wait Until Closed
    Run Keyword And Expect Error    *open to send a frame*1012 'as you wish', closed by the server*
    ...    Send Frame    too late
    Run Keyword And Expect Error    *No frame can arrive on a closed connection*    Wait For Frame    timeout=10s

All At Once
    Open Connections    ${URL}/echo    a    b    c
    Close All Connections
    Get Connections    ==    ${EMPTY}
    Server Should Have Connections    0

Impossible Codes And Reasons
    Open Connection    ${URL}/echo
    Run Keyword And Expect Error    1005 can't be sent as a close code*    Close Connection    1005
    Run Keyword And Expect Error    A close reason has at most 123 bytes, this one 124
    ...    Close Connection    1000    ${{'x' * 124}}
    Run Keyword And Expect Error    ValueError: Argument 'how' got value 'gently'*    Abort Connection    gently


*** Keywords ***
Note Server URL
    [Documentation]    Starts the server.
    ${url} =    Server URL
    VAR    ${URL}    ${url}    scope=SUITE

Aborted Connection Should Be Gone
    [Documentation]    Here and at the server, without a close code.
    [Arguments]    ${how}
    Open Connection    ${URL}/echo    tab
    Abort Connection    ${how}
    Connection Should Be Closed    1006    by=client
    Server Should Have Connections    0
