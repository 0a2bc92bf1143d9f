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
    Inject Fault    ${REPLICAS}    killed
    Page Should Say That The Service Is Away
    Type Messages    ${ann}
    Record Probes    ${ann}    signing in    identity    opening
    Restore Service    ${REPLICAS}    killed
    Record Page And Store After Refusals    ${ann}
    Chat Should Go On By Itself    ${ann}

What Was Typed Survives A Reload
    [Documentation]    With the backend gone the user reloads the page: what waits there is still there, and goes out by itself.
    [Tags]    needs-browser    wants-fan-out    wants-outbox
    [Template]    NONE
    ${bea} =    A User On A Page    bea
    Inject Fault    ${REPLICAS}    killed
    Page Should Say That It Is Offline    page
    Type Messages    ${bea}    count=2
    Page Should Say That It Is Offline    page    waiting=2
    Reload Page    page
    Restore Service    ${REPLICAS}    killed
    Record Page And Store After Refusals    ${bea}
    Law Should Hold    recovers-alone    within=0 s
    Laws Should Hold    @{LAWS_OF_MESSAGES}    within=1 s

What Was Typed Waits For Redis
    [Documentation]    Without Redis nothing is taken; the page keeps it, says so, and hands it over by itself, after a while.
    [Tags]    needs-browser    wants-fan-out    wants-outbox
    [Template]    NONE
    ${cora} =    A User On A Page    cora
    Watch Sends Of Page    page    Typed while offline, 1
    Inject Fault    ${LIMIT_STORE}    killed
    Type Messages    ${cora}    count=2
    Restore Service    ${LIMIT_STORE}    killed
    Record Page And Store After Recovery    ${cora}
    Nothing Should Have Been Sent Again At Once    page
    Law Should Hold    recovers-alone    within=0 s    readings during a fault=0
    Laws Should Hold    @{LAWS_OF_MESSAGES}    within=1 s

What Was Not Committed Was Not Acknowledged
    [Documentation]    A replica dies with a message that is stored but for the commit. Its user sends again what was not
    ...    acknowledged, and only that: all that was acknowledged is stored, once.
    [Tags]    wants-held-steps    wants-resume    wants-two-replicas
    [Template]    NONE
    ${dora} =    A User On One Replica    dora    ${ONE_REPLICA}
    Hold Up End Of Storing
    Send Message    ${dora}    tab    ${dora.thread}    What is 6 * 7?
    Kill Replica Before Its Commit    ${ONE_REPLICA}
    Reconnect Tab    ${dora}
    Everything Said Should Be Everywhere    ${dora}

One Backend Is Killed    ${ONE_REPLICA}    killed    signing in    renewing    reading    chatting    answering    opening
Settings Are Saved While One Backend Is Killed
    [Tags]    wants-transaction
    ${ONE_REPLICA}    killed    saving
All Backends Are Killed    ${REPLICAS}    killed    signing in    renewing    identity    opening    issuer ready
All Backends Are Paused    ${REPLICAS}    paused    signing in    renewing    identity    opening    issuer ready
One Agent Is Killed    ${ONE_AGENT}    killed    signing in    reading    chatting    answering    staying
One Agent Is Paused    ${ONE_AGENT}    paused    signing in    reading    chatting    answering    staying
All Agents Are Killed    ${AGENTS}    killed    signing in    reading    chatting    staying    replica ready
Auth Is Killed    ${ISSUER_SERVICE}    killed    reading    chatting    answering    opening    staying    replica ready
Auth Is Paused    ${ISSUER_SERVICE}    paused    reading    chatting    answering    opening    staying    replica ready
The Frontend Is Killed    ${BROWSERS_LINK}    killed    issuer itself    replica itself    issuer ready    replica ready
The Database Of Auth Is Killed    ${ISSUER_DATABASE}    killed    reading    chatting    answering    opening    staying
    ...    replica ready
The Database Of Auth Is Paused    ${ISSUER_DATABASE}    paused    reading    chatting    answering    opening    staying
    ...    replica ready
The Database Of The Backend Is Killed    ${CHAT_DATABASE}    killed    signing in    renewing    identity    opening    staying
    ...    issuer ready
The Database Of The Backend Is Paused    ${CHAT_DATABASE}    paused    signing in    renewing    identity    opening    staying
    ...    issuer ready
Redis Is Killed    ${LIMIT_STORE}    killed    signing in    renewing    reading    opening    staying    issuer ready
Redis Is Paused    ${LIMIT_STORE}    paused    signing in    renewing    reading    opening    staying    issuer ready
ClickHouse Is Killed    ${EVENT_DATABASE}    killed    signing in    renewing    reading    chatting    answering    staying
    ...    issuer ready    replica ready
ClickHouse Is Paused    ${EVENT_DATABASE}    paused    signing in    renewing    reading    chatting    answering    staying
    ...    issuer ready    replica ready
The Provider Is Killed    ${PROVIDER_SERVICE}    killed    renewing    reading    chatting    answering    opening    staying
    ...    issuer ready    replica ready
The Provider Is Paused    ${PROVIDER_SERVICE}    paused    renewing    reading    chatting    answering    opening    staying
    ...    issuer ready    replica ready
