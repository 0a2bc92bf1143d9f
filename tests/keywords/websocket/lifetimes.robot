*** Settings ***
Documentation       Connections end with the test or suite that opened them. These tests depend on their order.

Library             realstack.WebSocket
Library             ../../support/WebSocketServer.py

Suite Setup         Open Connection Of The Suite


*** Test Cases ***
Test Opens One More
    Open Connection    ${URL}/echo    of-test
    Get Connections    ==    of-suite, of-test
    Server Should Have Connections    2

Only The Suite's Is Left
    Server Should Have Connections    1
    Get Connections    ==    of-suite
    Get Connection State    ==    open
    Send Json    type=still-there
    Wait For Frame    still-there

Failing Test Leaves Nothing Either
    TRY
        Open And Fail
    EXCEPT    on purpose
        Server Should Have Connections    2
    END

Nothing Was Left
    Server Should Have Connections    1
    Get Connections    ==    of-suite

The Reader Never Stops Between Keywords
    [Documentation]    The frame arrives while Robot itself is busy and no keyword of the library runs.
    Open Connection    ${URL}/quiet
    Send To Clients    /quiet    late
    ${frames} =    Take Frames    late
    Length Should Be    ${frames}    1


*** Keywords ***
Open Connection Of The Suite
    [Documentation]    In a suite setup it belongs to the suite.
    ${url} =    Server URL
    VAR    ${URL}    ${url}    scope=SUITE
    Open Connection    ${URL}/echo    of-suite

Open And Fail
    [Documentation]    Leaves a connection behind.
    Open Connection    ${URL}/echo    of-test
    Fail    on purpose
