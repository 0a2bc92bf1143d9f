*** Settings ***
Documentation       One change over three stores: profile (auth PostgreSQL), workspace (backend PostgreSQL), event (ClickHouse),
...                 all or none.
Resource            ../resources/journey.resource
Resource            ../resources/transaction.resource
Suite Setup         Prepare The Journey
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Tags           needs-kill    needs-pause    needs-restart    wants-transaction
Test Template       Change That Fails Midway Should Be All Or Nothing


*** Test Cases ***    STEP    FAULT
A Change That Fails Midway Rolls Back And Succeeds Once When Repeated
    [Documentation]    Profile and workspace are made when the event store dies under the event: all three roll back. The same
    ...    change asked for again is done; asked for once more, it is not done twice.
    [Tags]    critical    needs-faults
    [Template]    NONE
    ${ann} =    A Signed In User    ann
    ${change} =    A Change    ${ann}    new name
    Halt Operation Midway    ${ann}    ${change}    event
    Inject Fault Midway    ${change}    event    events killed
    Record And Judge Change    ${ann}    ${change}
    Make Same Change Again    ${ann}    ${change}
    Make Same Change Again    ${ann}    ${change}    name=new name, once more
    Law Should Hold    all-or-nothing    operations=3    done=2
    Receipts Should Be In

Auth Dies Before The Profile    profile    auth killed
Auth Dies Before The Workspace    workspace    auth killed
Backend Dies Before The Profile    profile    backend killed
Backend Dies Before The Workspace    workspace    backend killed
Events Die Before The Profile    profile    events killed
Events Die Before The Workspace    workspace    events killed
Events Stop Before The Profile    profile    events paused
Events Stop Before The Workspace    workspace    events paused
Time Runs Out Before The Profile    profile    time-out
Time Runs Out Before The Workspace    workspace    time-out
Auth Loses Its Database Before The Profile    profile    auth cut off from its database
Auth Loses Its Database Before The Workspace    workspace    auth cut off from its database
Backend Loses Its Database Before The Workspace    workspace    backend cut off from its database
Auth Restarts Before The Workspace    workspace    auth restarted
Auth Dies Before The Event
    [Tags]    needs-faults
    event    auth killed
Backend Dies Before The Event
    [Tags]    needs-faults
    event    backend killed
Time Runs Out Before The Event
    [Tags]    needs-faults
    event    time-out
Auth Loses Its Database Before The Event
    [Tags]    needs-faults
    event    auth cut off from its database
Link Breaks Before The Workspace
    [Tags]    needs-faults
    workspace    link reset
Link Breaks Before The Event
    [Tags]    needs-faults
    event    link reset
Link To Events Breaks Before The Event
    [Tags]    needs-faults
    event    link to events reset

Concurrent Changes Leave One Result
    [Documentation]    Three changes of one profile at the same moment: each is done whole or not at all, and all stores agree
    ...    which was last.
    [Tags]    -needs-*
    [Template]    NONE
    ${bea} =    A Signed In User    bea
    ${first} =    A Change    ${bea}    first
    ${second} =    A Change    ${bea}    second
    ${third} =    A Change    ${bea}    third
    Begin Changes    ${bea}    ${first}    ${second}    ${third}
    Wait For Answers To Changes    ${first}    ${second}    ${third}
    Record Changes Together    ${bea}    ${first}    ${second}    ${third}
    Law Should Hold    all-or-nothing    operations=3    done=2

A Change Is Saved On The Page
    [Documentation]    Written into the page's boxes and saved by a button that is pressed twice, and again because no answer
    ...    came: all of it is kept, once, and is what was written. What is typed meanwhile stays.
    [Tags]    -needs-kill    -needs-pause    -needs-restart    needs-browser
    [Template]    NONE
    ${fay} =    A User In A Browser    fay
    ${change} =    A Change Of The Longest Names    ${fay}    from the page
    Open Page    ${fay}    dashboard
    Change Profile On Page    dashboard    ${change}
    Record And Judge Change Of Page    ${fay}    ${change}
    Law Should Hold    all-or-nothing    done=1
    Names That Are Typed Should Stay    dashboard
    Page Should Know The Change    dashboard    ${change}

A Page That Was Open Before Saves What Was Typed And Nothing Else
    [Documentation]    The name is changed elsewhere, and the page, which shows an older one, saves a workspace.
    [Tags]    -needs-kill    -needs-pause    -needs-restart    needs-browser
    [Template]    NONE
    ${gro} =    A User In A Browser    gro
    Open Page    ${gro}    dashboard
    Page Should Be Online    dashboard
    ${change} =    A Change    ${gro}    named elsewhere
    Record Change    another device    name    ${gro.name}    ${change}[text]
    Record Change    another device    time zone    ${gro.name}    ${change}[zone]
    Make Change    ${gro}    ${change}
    Make Two Workspaces On Page    ${gro}    dashboard    Made on the page
    Last Name Should Be Everywhere    ${gro}    dashboard

The Same Change Asked For Twice At Once Is Done Once
    [Documentation]    A button pressed twice: the second request comes while the first stands midway.
    [Tags]    -needs-*
    [Template]    NONE
    ${cleo} =    A Signed In User    cleo
    ${change} =    A Change    ${cleo}    new name
    ${twin} =    A Change With The Same Key    ${change}    pressed again
    Halt Operation Midway    ${cleo}    ${change}    workspace
    Begin Change    ${cleo}    ${twin}
    Let Step Go On    workspace step
    Wait For Answers To Changes    ${change}    ${twin}
    Record And Judge Change    ${cleo}    ${change}
    Law Should Hold    all-or-nothing    done=1
    Receipts Should Be In

A Change Waits For The One That Rolls Back
    [Documentation]    What comes while another stands midway is not lost when that one is undone, and doesn't build on it.
    [Tags]    needs-faults
    [Template]    NONE
    ${dora} =    A Signed In User    dora
    ${lost} =    A Change    ${dora}    lost
    ${kept} =    A Change    ${dora}    kept
    Halt Operation Midway    ${dora}    ${lost}    event
    Begin Change    ${dora}    ${kept}
    Inject Fault Midway    ${lost}    event    time-out
    Wait For Answer To Change    ${kept}
    Record Changes Together    ${dora}    ${lost}    ${kept}
    Law Should Hold    all-or-nothing    operations=2
    Receipts Should Be In

The Key Of One Change Makes No Other
    [Documentation]    A key that was used for another change is refused; nothing of the other change is anywhere.
    [Tags]    -needs-*
    [Template]    NONE
    ${emma} =    A Signed In User    emma
    ${change} =    A Change    ${emma}    new name
    ${other} =    A Change With The Same Key    ${change}    other    text=other name
    Make Change    ${emma}    ${change}
    Begin Change    ${emma}    ${other}
    Wait For Answer To Change    ${other}
    Record Changes Together    ${emma}    ${change}    ${other}
    Law Should Hold    all-or-nothing    operations=2    done=1
    Should Be Equal    ${other}[answer]    idempotency_key_reused
