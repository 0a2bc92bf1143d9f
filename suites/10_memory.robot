*** Settings ***
Documentation       Memory under sustained load: the same work over and over leaves nothing behind, in any service.
Resource            ../resources/journey.resource
Resource            ../resources/memory.resource
Suite Setup         Prepare The Journey Of Memory
Test Teardown       Show What Was Measured
Test Timeout        ${FIGURES.test_limit.total_seconds()} s
Test Template       Repeated Work Should Leave Nothing Behind
Test Tags           needs-processes    wants-refresh    wants-resume    wants-upload


*** Test Cases ***    WORK    AT    FOR EACH    BUDGET    JUDGED ARE
Users Who Come And Go Leave Nothing Behind
    [Documentation]    Users log in, open tabs, chat, upload and leave, over and over (in profile `soak` for `SOAK_DURATION`);
    ...    memory, connections, files, threads and sessions are as they were.
    [Tags]    critical
    visit    frontend    act    ${FIGURES.act_budget}    @{PLATFORM_SERVICES}

Connections Leave Nothing Behind    connection    backend-1    connection    ${FIGURES.leak_budget}    backend-1
Reconnects Leave Nothing Behind    reconnect    backend-2    reconnect    ${FIGURES.reconnect_budget}    backend-2
Uploads Leave Nothing Behind    upload    backend-1    upload    ${FIGURES.upload_budget}    backend-1    agent-1    agent-2
Refusals Leave Nothing Behind
    [Documentation]    Files that nobody can read, bad tokens, threads of nobody and frames of no known type.
    [Template]    Refused Work Should Leave Nothing Behind
    refusal    ${ONE_REPLICA}    refusal    ${FIGURES.upload_budget}    ${ONE_REPLICA}

Logins Leave Nothing Behind    login    frontend    act    ${FIGURES.act_budget}    auth
Token Refreshes Leave Nothing Behind    refresh    frontend    refresh    ${FIGURES.refresh_budget}    auth


*** Keywords ***
Repeated Work Should Leave Nothing Behind
    [Documentation]    Users do one kind of work over and over; afterwards everything is as before.
    [Arguments]    ${work}    ${replica}    ${operation}    ${budget}    @{services}
    Do Work Over And Over    ${work}    ${replica}    ${operation}    ${budget}    @{services}
    Nothing Should Have Grown    ${operation}
