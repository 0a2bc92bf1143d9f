*** Settings ***
Documentation     Robot's own time limits; run by 03_runs.robot.

Library           realstack.Platform

Suite Setup       Start Platform    ${PLATFORM}    profile=${PROFILE}    only=${{['redis']}}
Suite Teardown    Stop Platform


*** Variables ***
${PLATFORM}    ${CURDIR}/../../../../resources/adapters/reference/embedded.yaml
${PROFILE}     ${CURDIR}/../../../../resources/profiles/fast.yaml


*** Test Cases ***
A Wait Ends With The Keyword's Time
    [Documentation]    Fails.
    Pause Service    redis
    Wait Briefly

Then The Service Is Back
    [Documentation]    Passes.
    [Timeout]    40 seconds
    Service Should Be Healthy    redis


*** Keywords ***
Wait Briefly
    [Documentation]    Far shorter than the wait itself.
    [Timeout]    300 milliseconds
    Wait Until Service Is Healthy    redis    timeout=60 s
