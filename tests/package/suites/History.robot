*** Settings ***
Documentation       A stranger's first suite.
Library             realstack.History


*** Test Cases ***
Nothing Happened
    [Documentation]    Passes at once.
    Get Activity    sends    ==    ${0}
