*** Settings ***
Documentation       Links that the kernel breaks. Needs the right to change this network namespace.

Library             realstack.NetworkFault
Library             ../../support/EchoServer.py

Test Setup          Define Echo Link


*** Test Cases ***
Dropped Packets Are Counted And What Was Sent Arrives Later
    Connect Client
    Cut Link    echo    drop
    Client Should Hear Nothing    during
    Get Dropped Packets    echo    >    0    direction=to-service
    Get Dropped Bytes    echo    >=    6
    ${receipt} =    Heal Link    echo
    Should Be Equal    ${receipt}[ended_by]    healed
    Client Should Hear    during    say=False
    Receipt Should Prove Outage    echo
    Link Should Work    echo

Kinds Of Faults
    [Template]    New Connection Should Fail While
    drop
    reject
    reset

Reset Ends Open Connections
    Connect Client    one
    Connect Client    two
    Cut Link    echo    reset
    Client Should Be Reset    one
    Client Should Be Reset    two
    ${receipt} =    Heal Link    echo
    Should Be True    $receipt['reset_connections'] >= 2
    Receipt Should Prove Outage    echo

One Way
    [Template]    Only This Direction Should Be Cut
    to-service    from-service
    from-service    to-service

New Connections Only
    Connect Client
    Cut Link    echo    connections=new
    Client Should Hear    still here
    Link Should Be Cut    echo
    Heal Link    echo
    Get Dropped Packets    echo    >    0

Established Connections Only
    Connect Client    old
    Cut Link    echo    stall
    Client Should Hear Nothing    stalled    old
    Connect Client    new
    Client Should Hear    welcome    new
    Heal Link    echo
    Client Should Hear    stalled    old    say=False

One Client Only
    ${port} =    Connect Client    hit
    Connect Client    spared
    Cut Link    echo    client_port=${port}
    Client Should Hear Nothing    x    hit
    Client Should Hear    y    spared

All But One Client
    Connect Client    hit
    ${port} =    Connect Client    spared
    Cut Link    echo    spare_port=${port}
    Client Should Hear Nothing    x    hit
    Client Should Hear    y    spared

It Heals By Itself
    Connect Client
    Cut Link    echo    for=1s
    Client Should Hear Nothing    during
    ${receipt} =    Wait Until Link Is Healed    echo    timeout=5s
    Should Be Equal    ${receipt}[ended_by]    expired
    Get Outage Time    echo    ==    1 s
    Client Should Hear    during    say=False
    Receipt Should Prove Outage    echo

Connections Are Reset Once
    ${port} =    Connect Client
    ${count} =    Reset Connections    echo    client_port=${port}
    Should Be Equal As Integers    ${count}    1
    Client Should Be Reset
    Connect Client
    Client Should Hear    again

No Receipt No Pass
    [Documentation]    At a link that nobody uses: what an earlier test's connection still sends would be hit, too.
    ${port} =    Echo Server Port    unused=True
    Define Link    unused    127.0.0.1    ${port}
    Cut Link    unused    for=100ms
    Wait Until Link Is Healed    unused
    Run Keyword And Expect Error    INVALID: *at least 1 packets of link 'unused' hit*0 were hit*
    ...    Receipt Should Show Drops    unused
    Run Keyword And Expect Error    INVALID: *0 were hit*    Receipt Should Prove Outage    unused
    Run Keyword And Expect Error    INVALID: *at least 1 connections*there were 0*    Reset Connections    unused    client_port=1

Receipt Of A Fault In Force
    Cut Link    echo
    Run Keyword And Expect Error    The fault of link 'echo' is still in force*    Receipt Should Prove Outage    echo
    Run Keyword And Expect Error    The fault of link 'echo' is still in force*    Get Outage Time    echo
    Run Keyword And Expect Error    *over within 0.02 s*it goes on: drop, both*
    ...    Wait Until Link Is Healed    echo    timeout=20ms
    Log Receipts

Broken Link Is Not Broken Again
    Cut Link    echo
    Run Keyword And Expect Error    *a working link 'echo'*a probe was silent*    Cut Link    echo
    Cut Link    echo    probe=False

Others Are Not Touched
    Define Link    foreign    192.0.2.1    80
    Run Keyword And Expect Error    *a link to something that this run owns*192.0.2.1:80 is not an address of this machine*
    ...    Cut Link    foreign
    Define Link    nobody    127.0.0.1    1
    Run Keyword And Expect Error    *nobody listens at 127.0.0.1:1*    Cut Link    nobody

Bad Input
    Run Keyword And Expect Error    There is no link 'x'. Defined are: echo.*    Cut Link    x
    Run Keyword And Expect Error    ValueError: Argument 'kind' got value 'explode'*    Cut Link    echo    explode
    Run Keyword And Expect Error    A fault lasts more than 0 s*    Cut Link    echo    for=0s
    Run Keyword And Expect Error    *at most 600 s, not 3600 s*    Cut Link    echo    max=1h
    Run Keyword And Expect Error    Got unexpected named arguments: fro*    Cut Link    echo    fro=1s
    Run Keyword And Expect Error    New connections can't be stalled*    Cut Link    echo    stall    connections=new
    Run Keyword And Expect Error    *there are none from ports*    Cut Link    echo    stall    client_port=1
    Run Keyword And Expect Error    Link 'echo' was not cut in this test*    Heal Link    echo

Outage Lasts As Long As It Should
    [Documentation]    A heal that comes early waits for what is left of the outage.
    Cut Link    echo    drop
    Heal Link    echo    not_before=400ms
    Get Outage Time    echo    >=    0.4


*** Keywords ***
Define Echo Link
    [Documentation]    A link to a server of this process.
    ${port} =    Echo Server Port
    Define Link    echo    127.0.0.1    ${port}

New Connection Should Fail While
    [Documentation]    The link is cut in this way, and work afterwards.
    [Arguments]    ${kind}
    Cut Link    echo    ${kind}
    Link Should Be Cut    echo
    Heal Link    echo
    Link Should Work    echo

Only This Direction Should Be Cut
    [Documentation]    The counters tell the directions apart.
    [Arguments]    ${direction}    ${other}
    Connect Client
    Cut Link    echo    direction=${direction}
    Client Should Hear Nothing    x
    Heal Link    echo
    Get Dropped Packets    echo    >    0    direction=${direction}
    Get Dropped Packets    echo    ==    0    direction=${other}
