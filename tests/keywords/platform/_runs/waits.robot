*** Settings ***
Documentation       Waits to be ended; run by tests/unit/test_lease_robot.py.
Library             Process
Library             realstack.Platform

Suite Setup         Start Platform    ${PLATFORM}    profile=${PROFILE}    only=${{['redis', 'postgres-auth']}}
Suite Teardown      Stop Platform


*** Variables ***
${PLATFORM}    ${CURDIR}/../../../../resources/adapters/reference/embedded.yaml
${PROFILE}     ${CURDIR}/../../../../resources/profiles/fast.yaml


*** Test Cases ***
Something Runs
    [Documentation]    A process of the test's own, as the browser's server is one.
    Start Process    sleep    600
    Log To Console    ready
    Wait For Log Line    redis    never written    timeout=60 s
