*** Settings ***
Documentation       Growth, counts, usage and plots of a real server that leaks as told.
Library             realstack.History
Library             realstack.Monitor
Library             churning.py
Test Teardown       End Server


*** Test Cases ***
A Server That Leaks Four Kibibytes A Connection Is Found Out
    Watch A Server    --leak    4096
    Churn    ${1200}
    Run Keyword And Expect Error
    ...    no-growth violated: server memory grows: it must stay under 4 KiB per connection, because *
    ...    Should Not Grow    operation=connection    budget=4 KiB
    Run Keyword And Expect Error    no-growth violated: server memory grows*    Law Should Hold    no-growth

A Server That Does Not Leak Passes
    Watch A Server
    Churn    ${100}
    Take Baseline
    Churn    ${1100}
    Should Not Grow    server    operation=connection    budget=4 KiB
    Counts Should Be Back    server descriptors    clients    operation=connection
    Law Should Hold    no-growth    slopes=1    exact counts=2
    Log Plot    pss    cpu    title=A server under churn

Samples Of An Earlier Run Are Gone On With While The Process Lives
    Watch A Server
    Churn    ${600}
    Start Monitoring    interval=50 ms    go_on_with=${OUTPUT_DIR}/samples
    Churn    ${600}
    ${done} =    Count Operations    connection    ${0}
    Should Be Equal    ${done}    ${1200}
    Should Not Grow    operation=connection    budget=4 KiB
    Get Usage    server    processes    ==    1    of=highest

Samples Of A Process That Has Ended Are Not Gone On With
    Watch A Server
    End Server
    ${pid} =    Start Server
    Watch Process    server    ${pid}
    Run Keyword And Expect Error    *server: process * then, process * now*PLATFORM:external*python -m realstack.monitor judge*
    ...    Start Monitoring    go_on_with=${OUTPUT_DIR}/samples
    Run Keyword And Expect Error    *samples in JSON lines*    Start Monitoring    go_on_with=${OUTPUT_DIR}/nothing
    Start Monitoring    go_on_with=${OUTPUT_DIR}

Too Little Work Is Invalid
    Watch A Server
    Churn    ${40}
    Run Keyword And Expect Error    INVALID: no-growth: *    Should Not Grow    operation=connection    budget=4 KiB

Growth Can Be Recorded First And Judged Later
    Watch A Server
    Churn    ${1200}
    ${limits} =    Record Growth    operation=connection
    Should Be True    0 < $limits['server memory'] < 4
    Law Should Hold    no-growth

Sockets That Stay Open Are Found
    Watch A Server    --keep
    Take Baseline
    Churn    ${20}
    Run Keyword And Expect Error
    ...    no-growth violated: server descriptors grew: it must be back at * descriptors, *; however, after 20 connections it is *
    ...    Counts Should Be Back    server descriptors    operation=connection    within=0.2 s

Usage Can Be Asserted
    Watch A Server
    Churn    ${20}
    Get Usage    server    memory    >    1000
    Get Usage    server    processes    ==    1    of=highest
    Get Usage    server    descriptors    >=    ${3}    of=lowest
    ${mean} =    Get Usage    server    pss    of=mean
    Should Be True    $mean > 1000

Gauges Are Sampled
    ${gauge} =    Evaluate    lambda: 7
    Watch Gauge    answers    ${gauge}
    Start Monitoring    interval=10 ms
    Get Usage    answers    gauge    ==    ${7}

Without A Platform There Are No Services
    Run Keyword And Expect Error    The platform is not running. Use ?Start Platform?*    Watch Services

What A Test Watches Ends With It
    Run Keyword And Expect Error    Nothing is watched yet.*    Start Monitoring

Bad Input Is Explained
    Run Keyword And Expect Error    Expected: a running process 4194305 to watch as ghost*    Watch Process    ghost    ${4194305}
    Run Keyword And Expect Error    There is no baseline.*    Counts Should Be Back    operation=connection
    Watch A Server
    Run Keyword And Expect Error    Expected: an interval of 5 ms to 1 h*    Start Monitoring    interval=1 ms
    Run Keyword And Expect Error    Expected: the budget is bytes, such as *
    ...    Should Not Grow    operation=connection    budget=tiny
    Run Keyword And Expect Error    Nothing was sampled of other memory.*    Should Not Grow    other    operation=x
    Run Keyword And Expect Error    Expected: samples of other memory*    Get Usage    other
    Run Keyword And Expect Error    Expected: a number of operations of 0 or more*    Count Operations    x    ${-1}
    Take Baseline
    Run Keyword And Expect Error    Expected: counts of the baseline: server descriptors*
    ...    Counts Should Be Back    apples    operation=connection

Work That Is Needed Depends On The Budget
    ${few} =    Get Operations Needed    4 KiB    warmup=${0}
    Should Be Equal    ${few}    ${320}
    ${more} =    Get Operations Needed    512 B    warmup=${0.2}
    Should Be Equal    ${more}    ${3200}
    Run Keyword And Expect Error    *the budget is bytes, such as *    Get Operations Needed    much

Robot Timeouts End The Wait
    [Timeout]    40 s
    Watch A Server    --keep
    Take Baseline
    Churn    ${20}
    TRY
        Wait A Minute For Counts
    EXCEPT    Keyword timeout 200 milliseconds exceeded.
        No Operation
    END


*** Keywords ***
Watch A Server
    [Documentation]    Starts a server and samples it.
    [Arguments]    @{options}
    ${pid} =    Start Server    @{options}
    Watch Process    server    ${pid}
    Start Monitoring    interval=50 ms

Wait A Minute For Counts
    [Documentation]    Waits longer than its own time-out.
    [Timeout]    200 ms
    Counts Should Be Back    server descriptors    operation=connection    within=1 min
