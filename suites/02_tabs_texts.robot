*** Settings ***
Documentation       Texts of every kind: what is said comes back the same, to the byte, wherever it is shown.
Resource            ../resources/faults.resource
Resource            ../resources/journey.resource
Resource            ../resources/tabs.resource
Resource            ../resources/texts.resource
Resource            ../resources/times.resource
Resource            ../resources/unsent.resource
Suite Setup         Prepare The Journey
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
Texts Of Every Kind Come Back As They Were Said
    [Documentation]    In frames on both replicas, rows, the history over REST, a tab opened late, and answers that quote them.
    [Tags]    wants-resume    wants-two-replicas
    ${nora} =    A Paid User    nora
    Open Tabs On Each Replica    ${nora}    here    there
    ${thread} =    A New Thread
    ${ids} =    Say Texts    here    ${thread}    ${TEXTS}
    Everything Said Should Be Everywhere    ${nora}
    Open A Late Tab    ${nora}    late    ${thread}
    Record Answers That Quote    there    ${TEXTS}    ${ids}
    Record The History Over Rest    ${nora}    ${thread}
    Laws Should Hold    said-is-stored    acked-is-kept    within=${FIGURES.settle_time}

Texts Come Back On A Tab Opened Later
    [Documentation]    Said on one tab: in rows, and on another one that shows them afterwards.
    [Tags]    wants-resume
    ${nils} =    A Paid User    nils
    Open Tabs    ${nils}    here
    ${thread} =    A New Thread
    Say Texts    here    ${thread}    ${TEXTS}
    Everything Said Should Be Everywhere    ${nils}    tabs=1
    Open A Late Tab    ${nils}    late    ${thread}
    Laws Should Hold    said-is-stored    acked-is-kept    within=${FIGURES.settle_time}

Texts Of Every Kind Over A Link That Breaks
    [Documentation]    What is said elsewhere while the tab is away, and what it says itself, is the same to the byte when it is
    ...    back.
    [Tags]    needs-faults    wants-fan-out    wants-resume
    ${lara} =    A User On A Wire    lara
    ${id} =    A Message Id
    Lose Acknowledgement    ${id}    reset
    Say Texts    tab    ${lara.thread}    ${TYPED}
    Say Something On The Tab    ${lara}    ${id}
    Wire Should Have Been Cut
    Say Texts    phone    ${lara.thread}    ${SHOWN}
    Reconnect Tab After The Cut    ${lara}
    Everything Said On The Wire Should Be Everywhere    ${lara}    reconnects=1

The Longest Text Comes Back Whole
    [Documentation]    As many characters as a message may have, with a blank at both ends.
    [Tags]    wants-resume    wants-two-replicas
    ${olaf} =    A Paid User    olaf
    Open Tabs On Each Replica    ${olaf}    here    there
    ${thread} =    A New Thread
    ${longest} =    A Longest Text
    ${ids} =    Say Texts    here    ${thread}    ${longest}
    # Its answer is said for nearly as long as the laws wait for what is under way.
    Answer Should Reach    ${ids}[longest]    here    there
    Everything Said Should Be Everywhere    ${olaf}
    Open A Late Tab    ${olaf}    late    ${thread}
    Record The History Over Rest    ${olaf}    ${thread}
    Laws Should Hold    said-is-stored    acked-is-kept    within=${FIGURES.settle_time}

A Page Takes And Shows Texts As They Are
    [Documentation]    Some are typed on the page, the others said on a tab while it shows the thread; all are shown again after a
    ...    reload.
    [Tags]    needs-browser    wants-fan-out
    ${pia} =    A User In A Browser    pia
    ${thread} =    A Thread On A Page And A Tab    ${pia}    page    tab
    Type Texts    page    ${TYPED}
    Say Texts    tab    ${thread}    ${SHOWN}
    Page Should Show Each Text And Its Answer    page    @{TYPED}    @{SHOWN}
    Record Stored Messages Of Users    ${pia}
    Laws Should Hold    said-is-stored    acked-is-kept    exactly-once    within=0 s
    Reload Page    page
    Page Should Show Each Text And Its Answer    page    @{TYPED}    @{SHOWN}
    Each Text Should Be As It Was Said    ${TYPED}    exactly-once

Where Messages Are Written Nothing Is Cut Or Lost
    [Documentation]    As long a text goes there as a message may have; and what the browser could not keep is given back.
    [Tags]    needs-browser    wants-outbox
    ${quin} =    A User In A Browser    quin
    ${thread} =    A Stored Thread    ${quin}
    Open Page    ${quin}    page    ${thread}
    Page Should Be Online    page
    Longest Text Should Go Where Messages Are Written    page
    What Can Not Be Kept Should Be Given Back    page

Threads Are Called As They Were Named
    [Documentation]    Titles given over REST, and others over a tab: in frames, rows, the list over REST and on a page.
    [Tags]    needs-browser    wants-fan-out    wants-two-replicas
    ${rosa} =    A User In A Browser    rosa
    Open Tabs On Each Replica    ${rosa}    here    there
    ${threads} =    A Thread For Each Title    ${rosa}    ${TEXTS}
    Open Page    ${rosa}    page
    Titles Should Be As They Were Given    ${rosa}    page    ${threads}    ${TEXTS}
    Rename Threads    here    ${threads}    ${TEXTS}
    Record Titles On Tab    there    ${threads}    ${TEXTS}
    Reload Page    page
    Titles Should Be As They Were Given    ${rosa}    page    ${threads}    ${TEXTS}

Times Are Read In A Zone Like No Other
    [Documentation]    On a computer whose clocks are half an hour from those of all neighbours: the time there.
    [Tags]    needs-browser    wants-message-times
    [Template]    Times Should Be Those Of Their Reader
    a half hour from all others

Times Are Read When A Day Is Over
    [Documentation]    Said before midnight and read after it: the day of it, which may go on in Greenwich.
    [Tags]    needs-browser    wants-message-times
    [Template]    Times Should Be Those Of Their Reader
    before midnight

Times Are Read When A Day Is Over Elsewhere
    [Documentation]    Said and read on one day, whatever day it has become in Greenwich.
    [Tags]    needs-browser    wants-message-times
    [Template]    Times Should Be Those Of Their Reader
    noon
