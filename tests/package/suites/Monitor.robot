*** Settings ***
Documentation       A stranger's first suite.
Library             realstack.Monitor


*** Test Cases ***
Nothing Is Watched
    [Documentation]    Passes at once.
    Count Operations    work    3
