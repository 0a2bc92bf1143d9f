*** Settings ***
Documentation     Tests that need a core for a moment; run by tests/unit/test_turns_robot.py, twice at the same time.

Library           realstack.Platform

Suite Setup       Start Platform    ${PLATFORM}    profile=${PROFILE}    only=${{['redis']}}
Suite Teardown    Stop Platform
Test Template     Evaluate


*** Variables ***
${PLATFORM}    ${CURDIR}/../../../../resources/adapters/reference/embedded.yaml
${PROFILE}     ${CURDIR}/../../../../resources/profiles/fast.yaml


*** Test Cases ***
First     sum(range(20_000_000))
Second    sum(range(20_000_000))
Third     sum(range(20_000_000))
