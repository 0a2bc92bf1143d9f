*** Settings ***
Documentation       A stranger's first suite.
Library             RequestsLibrary
Library             realstack.Rest


*** Test Cases ***
A Session
    [Documentation]    Passes at once.
    Open Rest Session    ann    http://127.0.0.1:1
    Run Keyword And Expect Error    *Is the service up*    GET On Session    ann    /
