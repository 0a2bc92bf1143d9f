*** Settings ***
Documentation       The network fails between users and the platform: pages reconnect by themselves, and nothing is lost.
Resource            ../resources/journey.resource
Resource            ../resources/faults.resource
Suite Setup         The Journey Is Prepared
Test Tags           needs-faults
Test Teardown       Everything Is Shown
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
Nothing Is Lost While The Link Is Down
    [Documentation]    A user types in a real browser while the kernel drops its packets; the page reconnects by itself, and
    ...    every message is delivered once, in order.
    [Tags]    critical    needs-browser
    ${ann} =    A User With A Page And A Phone    ann
    Link Goes Down    drop
    Messages Are Typed    ${ann}
    Something Is Said On The Phone    ${ann}
    Link Should Be Down
    Page Says So And Goes On Taking Messages    ${ann}
    Link Is Up Again
    Page Has Its Time    ${ann}
    Nothing Should Be Lost    ${ann}

A Refused Link
    [Documentation]    The link's packets are refused instead of dropped.
    [Tags]    needs-browser
    Page Survives An Outage    reject    both

A Link Reset
    [Documentation]    Open connections are reset, and new ones too.
    [Tags]    needs-browser
    Page Survives An Outage    reset    both

Only What Users Send Is Dropped
    [Documentation]    Packets vanish on the way to the platform, and arrive on the way back.
    [Tags]    needs-browser
    Page Survives An Outage    drop    to-service

Only What Users Receive Is Dropped
    [Documentation]    The platform gets what is sent, and its acknowledgement vanishes: the page must send again, and
    ...    nothing may be doubled.
    [Tags]    needs-browser
    Page Survives An Outage    drop    from-service

Two Outages In A Row
    [Documentation]    The second one begins as soon as the page has recovered from the first.
    [Tags]    needs-browser
    ${cora} =    A User With A Page And A Phone    cora
    Page Goes Offline And Comes Back    ${cora}    In the first outage
    Page Goes Offline And Comes Back    ${cora}    In the second outage
    Floor Should Be Met    sends    during=outage    at_least=${FIGURES.outage_sends}
    Nothing Should Be Lost    ${cora}

A Connection That Stands Still
    [Documentation]    Only the page's open connection is dead, as after a router forgot it: the page must notice and take
    ...    another.
    [Tags]    needs-browser
    ${dora} =    A User With A Page And A Phone    dora
    Open Connections Stand Still
    Messages Are Typed    ${dora}
    Something Is Said On The Phone    ${dora}
    Page Has Its Time    ${dora}
    Nothing Should Be Lost On The Way Round
    Heal Link    frontend

A Stalled Connection That Goes On
    [Documentation]    A tab's connection stands still for a while and goes on: everything passes, late and once.
    ${edda} =    A User On A Wire    edda
    Stall Link    wire    for=${FIGURES.outage}
    Something Is Said On The Phone    ${edda}
    Tab Says Something    ${edda}
    Floor Should Be Met    sends    during=wire    at_least=${FIGURES.outage_sends}
    Everything Said On The Wire Should Be Everywhere    ${edda}

An Acknowledgement That Is Lost With Its Connection
    [Documentation]    The link is cut between the store and the acknowledgement; sent again, the message is there once.
    ${fred} =    A User On A Wire    fred
    ${id} =    A Message Id
    Acknowledgement Is Lost    ${id}    reset
    Tab Says Something    ${fred}    ${id}
    Something Is Said On The Phone    ${fred}
    Tab Comes Back After The Cut    ${fred}
    Everything Said On The Wire Should Be Everywhere    ${fred}    reconnects=1

An Acknowledgement That Vanishes
    [Documentation]    Nothing else is lost, so the tab sends the message again on the same connection; it is there once.
    ${jana} =    A User On A Wire    jana    strip_extensions=True
    ${id} =    A Message Id
    Acknowledgement Is Lost    ${id}    swallow
    Tab Says Something    ${jana}    ${id}
    Wire Should Have Been Cut
    Tab Sends Again What Was Not Acknowledged
    Everything Said On The Wire Should Be Everywhere    ${jana}

A Link That Breaks While The Agent Answers
    [Documentation]    The tab's connection ends in the middle of a run; come back, it has every event of the run, once and
    ...    in order.
    ${gina} =    A User On A Wire    gina
    Answer Is Cut Off
    Send Message    ${gina}    tab    ${gina.thread}    What is 6 * 7?
    Something Is Said On The Phone    ${gina}
    Tab Comes Back After The Cut    ${gina}
    Everything Said On The Wire Should Be Everywhere    ${gina}    reconnects=1

A Slow Link
    [Documentation]    Every byte is late, and not always by the same time.
    ${hugo} =    A User On A Wire    hugo
    Add Latency    wire    200 ms    jitter=100 ms    for=${FIGURES.outage}
    Tab Says Something    ${hugo}
    Everything Said On The Wire Should Be Everywhere    ${hugo}

A Narrow Link
    [Documentation]    Bytes come in small slices, and few of them a second.
    ${ines} =    A User On A Wire    ines
    Slice Data    wire    64    for=${FIGURES.outage}
    Limit Bandwidth    wire    8 kB/s    for=${FIGURES.outage}
    Tab Says Something    ${ines}
    Everything Said On The Wire Should Be Everywhere    ${ines}
