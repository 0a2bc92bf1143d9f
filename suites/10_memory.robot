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
    [Tags]    critical    needs-work-upload    needs-work-visit
    visit    ${BROWSERS_LINK}    act    ${FIGURES.act_budget}    @{PLATFORM_SERVICES}

Connections Leave Nothing Behind
    [Tags]    needs-work-connection
    connection    ${ONE_REPLICA}    connection    ${FIGURES.leak_budget}    ${ONE_REPLICA}

Reconnects Leave Nothing Behind
    [Tags]    needs-work-reconnect
    reconnect    ${OTHER_REPLICA}    reconnect    ${FIGURES.reconnect_budget}    ${OTHER_REPLICA}

Uploads Leave Nothing Behind
    [Tags]    needs-work-upload
    upload    ${ONE_REPLICA}    upload    ${FIGURES.upload_budget}
    ...    ${ONE_REPLICA}    ${ONE_AGENT}    ${OTHER_AGENT}

Refusals Leave Nothing Behind
    [Documentation]    Files that nobody can read, bad tokens, threads of nobody and frames of no known type.
    [Tags]    needs-work-refusal
    [Template]    Refused Work Should Leave Nothing Behind
    refusal    ${ONE_REPLICA}    refusal    ${FIGURES.upload_budget}    ${ONE_REPLICA}

Logins Leave Nothing Behind
    [Tags]    needs-work-login    needs-work-visit
    login    ${BROWSERS_LINK}    act    ${FIGURES.act_budget}    ${ISSUER_SERVICE}

Token Refreshes Leave Nothing Behind
    [Tags]    needs-work-refresh
    refresh    ${BROWSERS_LINK}    refresh    ${FIGURES.refresh_budget}    ${ISSUER_SERVICE}


*** Keywords ***
Repeated Work Should Leave Nothing Behind
    [Documentation]    Users do one kind of work over and over; afterwards everything is as before.
    [Arguments]    ${work}    ${replica}    ${operation}    ${budget}    @{services}
    Work Should Leave Nothing In The Cache    ${work}    ${replica}    ${operation}    ${budget}    @{services}
    Nothing Should Have Grown    ${operation}
