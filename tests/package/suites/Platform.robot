*** Settings ***
Documentation       A stranger's first suite.
Library             realstack.Platform


*** Test Cases ***
No Platform Runs
    [Documentation]    Passes at once.
    Stop Platform
