*** Settings ***
Documentation     Robot's own time limits; run by 03_runs.robot.

Library           ../../../../libraries/Platform.py

Suite Setup       Start Platform    only=${{['redis']}}
Suite Teardown    Stop Platform


*** Test Cases ***
A Wait Ends With The Keyword's Time
    [Documentation]    Fails.
    Pause Service    redis
    Wait Briefly

Then The Service Is Back
    [Documentation]    Passes.
    [Timeout]    1 second
    Service Should Be Healthy    redis


*** Keywords ***
Wait Briefly
    [Documentation]    Far shorter than the wait itself.
    [Timeout]    300 milliseconds
    Wait Until Service Is Healthy    redis    timeout=60 s
