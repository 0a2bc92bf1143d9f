*** Settings ***
Documentation     Keywords of the Platform library, on the four real stores.

Resource          runs.resource
Library           realstack.Platform

Suite Setup       Begin Runs And Platform
Suite Teardown    End Runs And Platform
Test Timeout      90 seconds


*** Variables ***
${PLATFORM}    ${CURDIR}/../../../resources/adapters/reference/embedded.yaml
${PROFILE}     ${CURDIR}/../../../resources/profiles/fast.yaml
@{STORES}    postgres    redis    clickhouse


*** Keywords ***
Begin Runs And Platform
    [Documentation]    The bad starts take their time beside the first suites, which mostly wait.
    Begin All Bad Starts
    Start Platform    ${PLATFORM}    profile=${PROFILE}    only=${STORES}

End Runs And Platform
    [Documentation]    Those that no suite has waited for, too.
    Terminate All Processes    kill=True
    Stop Platform
