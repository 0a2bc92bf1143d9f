*** Settings ***
Documentation       What users change is the same everywhere in the end: on tabs, pages, other devices and in the store.
Resource            ../resources/journey.resource
Resource            ../resources/tabs.resource
Resource            ../resources/settings.resource
Suite Setup         Prepare The Journey
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Tags           wants-fan-out


*** Test Cases ***
Titles And Markers Of Several Tabs End Up Equal
    [Documentation]    Changed on three tabs at once, then one after another, and a marker that is asked to go back.
    [Tags]    wants-two-replicas
    ${sven} =    A Paid User    sven
    Open Tabs On Each Replica    ${sven}    tab 1    tab 2    tab 3
    ${thread} =    A Thread With Answers    ${sven}    tab 1    tab 2    tab 3
    Rename And Mark On Every Tab At Once    ${thread}    tab 1    tab 2    tab 3
    Title And Marker Should Be The Same Everywhere    ${sven}    ${thread}
    Rename And Mark One After Another    ${thread}    tab 2    tab 3    tab 1
    Title And Marker Should Be The Same Everywhere    ${sven}    ${thread}

What Was Changed While Nobody Was Told Is Known Afterwards
    [Documentation]    The replicas' subscriptions are gone at the moment of the change, which is in a conversation of yesterday.
    ...    What was said stands there before its answer does.
    [Tags]    needs-pause    wants-held-steps    wants-two-replicas
    ${tess} =    A Paid User    tess
    Open Tabs On Each Replica    ${tess}    tab 1    tab 2    tab 3
    ${thread} =    A Conversation That Has Grown Old    ${tess}    tab 1    tab 2    tab 3
    Hold Up Answering
    Change While Nobody Is Listening    ${tess}    tab 1    ${thread}
    Messages Should Be On All Tabs    ${tess}
    Let Step Go On    answering
    Title And Marker Should Be The Same Everywhere    ${tess}    ${thread}
    Everything Said Should Be Everywhere    ${tess}

Who Was Told Nothing For A While Hears Of The Next Change
    [Documentation]    The replicas' subscriptions come back by themselves.
    [Tags]    needs-pause    wants-two-replicas
    ${vera} =    A Paid User    vera
    Open Tabs On Each Replica    ${vera}    tab 1    tab 2    tab 3
    ${thread} =    A Thread With Answers    ${vera}    tab 1    tab 2    tab 3
    Change While Nobody Is Listening    ${vera}    tab 1    ${thread}
    Title Should Converge    ${thread}    Named in the dark    tab 1    tab 2    tab 3
    Rename Thread    tab 2    ${thread}    Named when they listened again
    Title And Marker Should Be The Same Everywhere    ${vera}    ${thread}

A Page That Only Looks On Is As One Opened Later
    [Documentation]    On another device a conversation is begun, another one is named, and something is said in an older one. Its
    ...    list leads to each, also in another tab or window. Signed out, it is as one opened later, too.
    [Tags]    needs-browser    wants-news
    ${yara} =    A User In A Browser    yara
    Open Tabs    ${yara}    device
    ${thread} =    A Thread With Answers    ${yara}    device
    ${later} =    A Stored Thread    ${yara}    Begun later
    Open Page    ${yara}    page
    Page Should Be Online    page
    Use Another Device    ${yara}    device    ${thread}    ${later}    page
    Page Should Be As One Opened Later    page
    Link Should Lead Elsewhere As Well    page    Called otherwise    ${later}
    Page Should Keep Nothing Of Who Signs Out    page

Who Is Told Nothing And Not Cut Off Notices It
    [Documentation]    The replicas' subscriptions fall silent without an end, and they take others.
    [Tags]    needs-faults    wants-two-replicas
    ${silke} =    A Paid User    silke
    Open Tabs On Each Replica    ${silke}    tab 1    tab 2
    ${thread} =    A Stored Thread    ${silke}
    Let Subscriptions Fall Silent
    Rename Thread    tab 1    ${thread}    Named in the silence
    Law Should Hold    converges    within=${FIGURES.settle_time * 1.5}
    Heal Link    ${LIMIT_STORE}
    Receipts Should Be In

What Is Told Late Or Twice Changes Nothing
    [Documentation]    All that replicas and agents told one another of a conversation is told once more, the last of it first;
    ...    then something more is said.
    [Tags]    wants-computed-answers    wants-two-replicas
    ${lotte} =    A Paid User    lotte
    Open Tabs On Each Replica    ${lotte}    tab 1    tab 2    tab 3
    Watch What Replicas Tell    ${lotte}
    ${thread} =    A Conversation That Has Grown Old    ${lotte}    tab 1    tab 2    tab 3
    Rename And Mark One After Another    ${thread}    tab 2    tab 3    tab 1
    Title Should Converge    ${thread}    The second title    tab 1    tab 2    tab 3
    Tell It Once More The Other Way Round    ${lotte}
    Question Should Be Answered Everywhere    ${lotte}    tab 1    ${thread}    What is 4 + 4?    = 8
    Title And Marker Should Be The Same Everywhere    ${lotte}    ${thread}

Pages And Another Device End Up Equal
    [Documentation]    Named on one page, then on another device, while a third title is typed and given up; the plan changed on a
    ...    page. A page that only looks on shows it all, and so does one after a reload.
    [Tags]    needs-browser    wants-limit
    ${uma} =    A User In A Browser    uma    free
    ${thread} =    A Thread On A Device And Two Pages    ${uma}    device    page    dashboard
    Rename On Page And Then On Device    ${thread}    page    device
    Change Plan On Page    dashboard    ${uma}    paid
    Give Pages Time To Call It    Named on the device    page    dashboard
    Title That Was Begun Should Stay Until It Is Given Up    page
    Pages And Stores Should Say The Same    ${uma}    ${thread}    page    dashboard
    Reload Page    page
    Give Pages Time To Call It    Named on the device    page
    Pages And Stores Should Say The Same    ${uma}    ${thread}    page    dashboard
