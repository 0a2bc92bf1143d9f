*** Settings ***
Documentation       A stranger's first suite.
Library             realstack.WebSocket


*** Test Cases ***
Nothing Is Open
    [Documentation]    Passes at once.
    Get Connections    ==    ${EMPTY}
