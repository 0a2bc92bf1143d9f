*** Settings ***
Documentation       One service fails and the rest stand: others answer as usual, pages recover by themselves, nothing is
...                 lost.
Resource            ../resources/journey.resource
Resource            ../resources/services.resource
Suite Setup         Prepare The Journey
Test Tags           needs-kill    needs-pause    needs-restart    wants-services-apart
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Template       Failure Of Service Should Be Contained


*** Test Cases ***    SERVICE    FAULT    WHAT GOES ON
Chat Goes On After The Backend Was Killed
    [Documentation]    The page says so gracefully, sign-in works meanwhile, and the chat goes on in the same thread, by
    ...    itself, with what was typed meanwhile.
    [Tags]    critical    needs-browser    wants-computed-answers    wants-fan-out    wants-outbox
    [Template]    NONE
    ${ann} =    A User On A Page    ann
    Record Probes    ${ann}    identity    opening
    Inject Fault    backend    killed
    Page Should Say That The Service Is Away
    Type Messages    ${ann}
    Record Probes    ${ann}    signing in    identity    opening
    Restore Service    backend    killed
    Record Page And Store After Refusals    ${ann}
    Chat Should Go On By Itself    ${ann}

What Was Typed Survives A Reload
    [Documentation]    With the backend gone the user reloads the page: what waits there is still there, and goes out by itself.
    [Tags]    needs-browser    wants-fan-out    wants-outbox
    [Template]    NONE
    ${bea} =    A User On A Page    bea
    Inject Fault    backend    killed
    Page Should Say That It Is Offline    page
    Type Messages    ${bea}    count=2
    Page Should Say That It Is Offline    page    waiting=2
    Reload Page    page
    Restore Service    backend    killed
    Record Page And Store After Refusals    ${bea}
    Law Should Hold    recovers-alone    within=0 s
    Laws Should Hold    @{LAWS_OF_MESSAGES}    within=1 s

What Was Typed Waits For Redis
    [Documentation]    Without Redis nothing is taken; the page keeps it, says so, and hands it over by itself.
    [Tags]    needs-browser    wants-fan-out    wants-outbox
    [Template]    NONE
    ${cora} =    A User On A Page    cora
    Inject Fault    redis    killed
    Type Messages    ${cora}    count=2
    Restore Service    redis    killed
    Record Page And Store After Recovery    ${cora}
    Law Should Hold    recovers-alone    within=0 s    readings during a fault=0
    Laws Should Hold    @{LAWS_OF_MESSAGES}    within=1 s

What Was Not Committed Was Not Acknowledged
    [Documentation]    A replica dies with a message that is stored but for the commit. Its user sends again what was not
    ...    acknowledged, and only that: all that was acknowledged is stored, once.
    [Tags]    wants-held-steps    wants-resume    wants-two-replicas
    [Template]    NONE
    ${dora} =    A User On One Replica    dora    backend-1
    Hold Up End Of Storing
    Send Message    ${dora}    tab    ${dora.thread}    What is 6 * 7?
    Kill Replica Before Its Commit    backend-1
    Reconnect Tab    ${dora}
    Everything Said Should Be Everywhere    ${dora}

One Backend Is Killed    backend-1    killed    signing in    renewing    reading    chatting    answering    opening
Settings Are Saved While One Backend Is Killed
    [Tags]    wants-transaction
    backend-1    killed    saving
All Backends Are Killed    backend    killed    signing in    renewing    identity    opening    auth ready
All Backends Are Paused    backend    paused    signing in    renewing    identity    opening    auth ready
One Agent Is Killed    agent-1    killed    signing in    reading    chatting    answering    staying
One Agent Is Paused    agent-1    paused    signing in    reading    chatting    answering    staying
All Agents Are Killed    agent    killed    signing in    reading    chatting    staying    backend ready
Auth Is Killed    auth    killed    reading    chatting    answering    opening    staying    backend ready
Auth Is Paused    auth    paused    reading    chatting    answering    opening    staying    backend ready
The Frontend Is Killed    frontend    killed    auth itself    backend itself    auth ready    backend ready
The Database Of Auth Is Killed    postgres-auth    killed    reading    chatting    answering    opening    staying
    ...    backend ready
The Database Of Auth Is Paused    postgres-auth    paused    reading    chatting    answering    opening    staying
    ...    backend ready
The Database Of The Backend Is Killed    postgres-backend    killed    signing in    renewing    identity    opening    staying
    ...    auth ready
The Database Of The Backend Is Paused    postgres-backend    paused    signing in    renewing    identity    opening    staying
    ...    auth ready
Redis Is Killed    redis    killed    signing in    renewing    reading    opening    staying    auth ready
Redis Is Paused    redis    paused    signing in    renewing    reading    opening    staying    auth ready
ClickHouse Is Killed    clickhouse    killed    signing in    renewing    reading    chatting    answering    staying
    ...    auth ready    backend ready
ClickHouse Is Paused    clickhouse    paused    signing in    renewing    reading    chatting    answering    staying
    ...    auth ready    backend ready
The Provider Is Killed    idp    killed    renewing    reading    chatting    answering    opening    staying
    ...    auth ready    backend ready
The Provider Is Paused    idp    paused    renewing    reading    chatting    answering    opening    staying
    ...    auth ready    backend ready
