*** Settings ***
Documentation     A platform that runs elsewhere; run by tests/unit/test_turns_robot.py, while others have the cores.

Library           realstack.Platform

Suite Teardown    Stop Platform


*** Variables ***
${PLATFORM}     ${CURDIR}/../../../../resources/adapters/reference/external.yaml
${PROFILE}      ${CURDIR}/../../../../resources/profiles/fast.yaml
&{SERVICES}     frontend=%{ELSEWHERE}
&{CONFIG}       services=${SERVICES}


*** Test Cases ***
It Is Found
    [Documentation]    Nothing of it runs on the cores of this machine.
    Start Platform    ${PLATFORM}    profile=${PROFILE}    config=${CONFIG}
    Service Should Be Healthy    frontend
