*** Settings ***
Documentation       The network fails between users and the platform: pages reconnect by themselves, and nothing is lost.
Resource            ../resources/journey.resource
Resource            ../resources/faults.resource
Suite Setup         Prepare The Journey
Test Tags           needs-faults
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
Nothing Is Lost While The Link Is Down
    [Documentation]    A user types in a real browser while the kernel drops its packets; the page reconnects by itself, and
    ...    every message is delivered once, in order.
    [Tags]    critical    needs-browser    wants-fan-out    wants-outbox
    ${ann} =    A User With A Page And A Phone    ann
    Cut Link Of Browsers    drop
    Type Messages    ${ann}
    Say Something On The Phone    ${ann}
    Link Should Be Down
    Page Should Say So And Go On Taking Messages    ${ann}
    Heal Link Of Browsers
    Record Page And Store After Recovery    ${ann}
    Nothing Should Be Lost    ${ann}

A Refused Link
    [Documentation]    The link's packets are refused instead of dropped.
    [Tags]    needs-browser    wants-fan-out    wants-outbox
    Page Should Survive An Outage    reject    both

A Link Reset
    [Documentation]    Open connections are reset, and new ones too.
    [Tags]    needs-browser    wants-fan-out    wants-outbox
    Page Should Survive An Outage    reset    both

Only What Users Send Is Dropped
    [Documentation]    Packets vanish on the way to the platform, and arrive on the way back.
    [Tags]    needs-browser    wants-fan-out    wants-outbox
    Page Should Survive An Outage    drop    to-service

Only What Users Receive Is Dropped
    [Documentation]    The platform gets what is sent, and its acknowledgement vanishes: the page must send again, and
    ...    nothing may be doubled.
    [Tags]    needs-browser    wants-fan-out    wants-outbox
    Page Should Survive An Outage    drop    from-service

What Was Said Before An Outage Is There After It
    [Documentation]    Nobody types meanwhile. The page says that it is offline, comes back by itself, and the talk goes on.
    [Tags]    needs-browser    wants-computed-answers
    ${nina} =    A User In A Browser    nina
    ${thread} =    A Stored Thread    ${nina}
    Open Page    ${nina}    page    ${thread}
    Question Should Be Answered On Page    ${nina}    page    What is 6 * 7?    = 42
    Cut Link Of Browsers    reset
    Page Should Say That It Is Offline    page
    Heal Link Of Browsers
    Question Should Be Answered On Page    ${nina}    page    What is 7 * 8?    = 56
    Talk Should Have Survived The Outage    ${nina}

Two Outages In A Row
    [Documentation]    The second one begins as soon as the page has recovered from the first.
    [Tags]    needs-browser    wants-fan-out    wants-outbox
    ${cora} =    A User With A Page And A Phone    cora
    Page Should Go Offline And Come Back    ${cora}    In the first outage
    Page Should Go Offline And Come Back    ${cora}    In the second outage
    Floor Should Be Met    sends    during=outage    at_least=${FIGURES.outage_sends}
    Nothing Should Be Lost    ${cora}

A Connection That Stands Still
    [Documentation]    Only the page's open connection is dead, as after a router forgot it: the page must notice and take
    ...    another.
    [Tags]    needs-browser    wants-fan-out    wants-outbox
    ${dora} =    A User With A Page And A Phone    dora
    Stall Open Connections
    Type Messages    ${dora}
    Say Something On The Phone    ${dora}
    Record Page And Store After Recovery    ${dora}
    Nothing Should Be Lost On The Way Round
    Heal Link    ${BROWSERS_LINK}

A Page That Stands Still
    [Documentation]    The browser freezes the page while things are said and answered elsewhere; when it goes on, it has
    ...    them all.
    [Tags]    needs-browser    wants-fan-out    wants-outbox    -needs-faults
    ${emil} =    A User With A Page And A Phone    emil
    Halt Page    page
    Ask    ${emil}    phone    ${emil.thread}    What is 6 * 7?
    Ask    ${emil}    phone    ${emil.thread}    What is 7 * 8?
    Let Page Go On    page
    Record Page Once Stored    page    3
    Record Stored Messages Of Users    ${emil}
    Laws Should Hold    @{LAWS_OF_MESSAGES}    within=0 s

A Stalled Connection That Goes On
    [Documentation]    A tab's connection stands still for a while and goes on: everything passes, late and once.
    [Tags]    wants-fan-out
    ${edda} =    A User On A Wire    edda
    Stall Link    wire    for=${FIGURES.outage}
    Say Something On The Phone    ${edda}
    Say Something On The Tab    ${edda}
    Floor Should Be Met    sends    during=wire    at_least=${FIGURES.outage_sends}
    Everything Said On The Wire Should Be Everywhere    ${edda}

An Acknowledgement That Is Lost With Its Connection
    [Documentation]    The link is cut between the store and the acknowledgement; sent again, the message is there once.
    [Tags]    wants-fan-out    wants-resume
    ${fred} =    A User On A Wire    fred
    ${id} =    A Message Id
    Lose Acknowledgement    ${id}    reset
    Say Something On The Tab    ${fred}    ${id}
    Say Something On The Phone    ${fred}
    Reconnect Tab After The Cut    ${fred}
    Everything Said On The Wire Should Be Everywhere    ${fred}    reconnects=1

An Acknowledgement That Vanishes
    [Documentation]    Nothing else is lost, so the tab sends the message again on the same connection; it is there once.
    [Tags]    wants-fan-out
    ${jana} =    A User On A Wire    jana    strip_extensions=True
    ${id} =    A Message Id
    Lose Acknowledgement    ${id}    swallow
    Say Something On The Tab    ${jana}    ${id}
    Wire Should Have Been Cut
    Send Again What Was Not Acknowledged
    Everything Said On The Wire Should Be Everywhere    ${jana}

A Link That Breaks While The Agent Answers
    [Documentation]    The tab's connection ends in the middle of a run; come back, it has every event of the run, once and
    ...    in order.
    [Tags]    wants-fan-out    wants-resume
    ${gina} =    A User On A Wire    gina
    Cut Off Answer
    Send Message    ${gina}    tab    ${gina.thread}    What is 6 * 7?
    Say Something On The Phone    ${gina}
    Reconnect Tab After The Cut    ${gina}
    Everything Said On The Wire Should Be Everywhere    ${gina}    reconnects=1

A Slow Link
    [Documentation]    Every byte is late, and not always by the same time.
    ${hugo} =    A User On A Wire Alone    hugo
    Add Latency    wire    200 ms    jitter=100 ms    for=${FIGURES.outage}
    Say Something On The Tab    ${hugo}
    Everything Said On The Wire Should Be Everywhere    ${hugo}    tabs=1

A Narrow Link
    [Documentation]    Bytes come in small slices, and few of them a second.
    ${ines} =    A User On A Wire Alone    ines
    Slice Data    wire    64    for=${FIGURES.outage}
    Limit Bandwidth    wire    8 kB/s    for=${FIGURES.outage}
    Say Something On The Tab    ${ines}
    Everything Said On The Wire Should Be Everywhere    ${ines}    tabs=1
