*** Settings ***
Documentation       One change over three stores: profile (auth PostgreSQL), workspace (backend PostgreSQL), event (ClickHouse),
...                 all or none.
Resource            ../resources/journey.resource
Resource            ../resources/transaction.resource
Suite Setup         The Services Are Prepared
Test Teardown       Everything Is Shown
Test Timeout        ${FIGURES.test_limit}
Test Tags           needs-kill    needs-pause    needs-restart
Test Template       A Change Fails Midway And Is Asked For Again


*** Test Cases ***    STEP    BLOW
A Change That Fails Midway Rolls Back And Succeeds Once When Repeated
    [Documentation]    Profile and workspace are made when the event store dies under the event: all three roll back. The same
    ...    change asked for again is done; asked for once more, it is not done twice.
    [Tags]    critical    needs-faults
    [Template]    NONE
    ${ann} =    A Signed In User    ann
    ${change} =    A Change    ${ann}    new name
    Operation Stands Midway    ${ann}    ${change}    event
    The Step Is Struck    ${change}    event    ClickHouse Is Killed
    What Became Of It Is Judged    ${ann}    ${change}
    The Same Again    ${ann}    ${change}
    ${last} =    The Same Again    ${ann}    ${change}    name=new name, once more
    Law Should Hold    all-or-nothing    operations=3    done=2
    Should Be Equal    ${last}[answer]    committed
    Receipts Should Be In

Auth Dies Before The Profile    profile    Auth Is Killed
Auth Dies Before The Workspace    workspace    Auth Is Killed
Backend Dies Before The Profile    profile    Backend Is Killed
Backend Dies Before The Workspace    workspace    Backend Is Killed
Events Die Before The Profile    profile    ClickHouse Is Killed
Events Die Before The Workspace    workspace    ClickHouse Is Killed
Events Stop Before The Profile    profile    ClickHouse Is Paused
Events Stop Before The Workspace    workspace    ClickHouse Is Paused
Time Runs Out Before The Profile    profile    Time Runs Out
Time Runs Out Before The Workspace    workspace    Time Runs Out
Auth Loses Its Database Before The Profile    profile    Auth Loses Its Database Sessions
Auth Loses Its Database Before The Workspace    workspace    Auth Loses Its Database Sessions
Backend Loses Its Database Before The Workspace    workspace    Backend Loses Its Database Sessions
Auth Restarts Before The Workspace    workspace    Auth Restarts
Auth Dies Before The Event
    [Tags]    needs-faults
    event    Auth Is Killed
Backend Dies Before The Event
    [Tags]    needs-faults
    event    Backend Is Killed
Time Runs Out Before The Event
    [Tags]    needs-faults
    event    Time Runs Out
Auth Loses Its Database Before The Event
    [Tags]    needs-faults
    event    Auth Loses Its Database Sessions
Link Breaks Before The Workspace
    [Tags]    needs-faults
    workspace    Link To Backend Is Reset
Link Breaks Before The Event
    [Tags]    needs-faults
    event    Link To Backend Is Reset

Concurrent Changes Leave One Result
    [Documentation]    Three changes of one profile at the same moment: each is done whole or not at all, and all stores agree
    ...    which was last.
    [Tags]    -needs-*
    [Template]    NONE
    ${bea} =    A Signed In User    bea
    ${first} =    A Change    ${bea}    first
    ${second} =    A Change    ${bea}    second
    ${third} =    A Change    ${bea}    third
    Changes Are Begun    ${bea}    ${first}    ${second}    ${third}
    Changes Are Answered    ${first}    ${second}    ${third}
    Changes Are Recorded Together    ${bea}    ${first}    ${second}    ${third}
    Law Should Hold    all-or-nothing    operations=3    done=2

The Same Change Asked For Twice At Once Is Done Once
    [Documentation]    A button pressed twice: the second request comes while the first stands midway.
    [Tags]    -needs-*
    [Template]    NONE
    ${cleo} =    A Signed In User    cleo
    ${change} =    A Change    ${cleo}    new name
    ${twin} =    The Same Under Another Name    ${change}    pressed again
    Operation Stands Midway    ${cleo}    ${change}    workspace
    Change Is Begun    ${cleo}    ${twin}
    Step Goes On    workspace step
    Changes Are Answered    ${change}    ${twin}
    What Became Of It Is Judged    ${cleo}    ${change}
    Law Should Hold    all-or-nothing    done=1
    Receipts Should Be In

A Change Waits For The One That Rolls Back
    [Documentation]    What comes while another stands midway is not lost when that one is undone, and doesn't build on it.
    [Tags]    needs-faults
    [Template]    NONE
    ${dora} =    A Signed In User    dora
    ${lost} =    A Change    ${dora}    lost
    ${kept} =    A Change    ${dora}    kept
    Operation Stands Midway    ${dora}    ${lost}    event
    Change Is Begun    ${dora}    ${kept}
    The Step Is Struck    ${lost}    event    Time Runs Out
    Change Is Answered    ${kept}
    Changes Are Recorded Together    ${dora}    ${lost}    ${kept}
    Law Should Hold    all-or-nothing    operations=2
    Receipts Should Be In

The Key Of One Change Makes No Other
    [Documentation]    A key that was used for another change is refused; nothing of the other change is anywhere.
    [Tags]    -needs-*
    [Template]    NONE
    ${emma} =    A Signed In User    emma
    ${change} =    A Change    ${emma}    new name
    ${other} =    The Same Under Another Name    ${change}    other    text=other name
    Change Is Made    ${emma}    ${change}
    Change Is Begun    ${emma}    ${other}
    Change Is Answered    ${other}
    Changes Are Recorded Together    ${emma}    ${change}    ${other}
    Law Should Hold    all-or-nothing    operations=2    done=1
    Should Be Equal    ${other}[answer]    idempotency_key_reused
