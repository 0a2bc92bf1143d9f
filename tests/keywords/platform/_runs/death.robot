*** Settings ***
Documentation     A service that ends unasked; run by 03_runs.robot.

Library           OperatingSystem
Library           Process
Library           realstack.Platform

Suite Setup       Start Platform    ${PLATFORM}    profile=${PROFILE}    only=${{['redis']}}
Suite Teardown    Stop Platform


*** Variables ***
${PLATFORM}    ${CURDIR}/../../../../resources/adapters/reference/embedded.yaml
${PROFILE}     ${CURDIR}/../../../../resources/profiles/fast.yaml


*** Test Cases ***
A Service Dies Unasked
    [Documentation]    Fails, although none of its keywords does.
    ${pid}    Get Service Pid    redis
    Run Process    kill    -KILL    ${pid}
    # Ends when that process has.
    Run Process    tail    --pid    ${pid}    --follow    /dev/null    timeout=10s

The Next Test Has A Whole Platform
    [Documentation]    Passes.
    Service Should Be Healthy    redis
