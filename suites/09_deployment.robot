*** Settings ***
Documentation       A new version comes while users work: replicas are restarted in good order, pages that are open speak with
...                 a newer backend, services work on a schema that has more than they know. Nobody notices.
Resource            ../resources/journey.resource
Resource            ../resources/deployment.resource
Suite Setup         Prepare The Journey
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
Replicas Are Restarted Under Open Pages
    [Documentation]    One after the other, while two pages write: nothing is lost or doubled, and the pages come back by
    ...    themselves.
    [Tags]    needs-browser    needs-restart    wants-outbox
    ${ada} =    A User On Two Pages And A Phone    ada
    Close Connection    alias=tab
    Restart Every Replica While Users Write    ${ada}
    Pages Should Have Lost Nothing    ${ada}
    Page Should Load Anew    page 1

A Replica Ends Its Work Before It Goes, And Comes Before Its Store
    [Documentation]    What it was asked is answered before it stops. It is begun again while its store is away, and waits for it;
    ...    what an earlier version made there does for all that came later.
    [Tags]    needs-kill    needs-logs    needs-restart    wants-computed-answers    wants-fan-out    wants-held-steps
    ...       wants-services-apart    wants-stop    wants-two-replicas
    ${dan} =    A User On One Replica    dan    ${OTHER_REPLICA}
    What Is Under Way Should Be Finished Before The Stop    ${dan}
    Let Store Be As An Earlier Version Left It
    Service Should Stand By Until Its Store Is There    ${dan}    ${ONE_REPLICA}    ${CHAT_DATABASE}
    Open Tabs    ${dan}    on the new one    at=${ONE_REPLICA}
    What Came Later Should Work There    ${dan}    on the new one
    Ask    ${dan}    on the new one    ${dan.thread}    What is 6 * 7?
    Everything Said Should Be Everywhere    ${dan}

The Platform's Address May End With A Slash
    [Documentation]    A replica is told it as people write addresses: what comes from the platform's own pages, and with its own
    ...    tokens, is taken as ever.
    [Tags]    needs-restart    wants-services-apart    wants-two-replicas
    ${fia} =    A Signed In User    fia
    Let Address That Service Is Told End With A Slash    ${ONE_REPLICA}
    Try Doors Of Replica    ${fia}    ${ONE_REPLICA}
    Law Should Hold    no-entry    within=0 s    refused entries=0    good entries=2

An Agent Hands Over What It Is At
    [Documentation]    It is ended in good order in the middle of an answer that takes long. Another one goes on with it, and need
    ...    not wait first until nothing is heard of it any more.
    [Tags]    needs-restart    wants-agent-queue    wants-held-steps
    ${eda} =    A Paid User    eda
    ${thread} =    A New Thread
    Let Agents Be Silent For Long
    Open Tabs    ${eda}    tab
    Answer Should Outlive The Stop Of Its Agent    ${eda}    tab    ${thread}
    Everything Said Should Be Everywhere    ${eda}    tabs=1

An Old Page Meets A Newer Backend
    [Documentation]    What the page does not know is passed over, and what it need not be told may be missing.
    [Tags]    needs-browser    wants-services-apart
    ${ben} =    A User On Two Pages And A Phone    ben
    Let Page Meet A Newer Backend    page 1
    Reload Page    page 1
    Page Should Be Online    page 1
    Ask    ${ben}    tab    ${ben.thread}    What is 6 * 7?
    Type Message    ${ben}    page 1    What is 5 * 7?
    Pages Should Hold All    ${ben}    4    page 1    page 2

Services Meet A Schema That Has More Than They Know
    [Documentation]    Every table has got a column that may be empty: what users do is done as before, with what was there
    ...    before and with what is new.
    [Tags]    wants-fan-out    wants-upload
    ${cid} =    A User With A File    cid
    Record Probes    ${cid}    @{WORK}
    Add A Column To Every Table
    Record Probes    ${cid}    @{WORK}
    Law Should Hold    contained    within=0 s    probes before=1    probes during=1
    Everything Should Go On    ${cid}
    [Teardown]    Take The Column Away
