*** Settings ***
Documentation       The ledger of outages: whatever the platform accepts while a part of it is away is there afterwards, in every
...                 store and on every tab, and counted once; what it can't accept it refuses itself, in time.
Resource            ../resources/journey.resource
Resource            ../resources/outages.resource
Resource            ../resources/file_troubles.resource
Suite Setup         Prepare The Services
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Tags           wants-fan-out    wants-two-replicas    wants-refresh
Test Template       What Is Accepted Meanwhile Should Count


*** Test Cases ***    PART    HOW    WHAT IS DONE MEANWHILE
The Event Store Is Killed
    [Tags]    needs-kill    needs-restart
    event store    killed    saying    tidying up    paying    leaving
The Event Store Hangs
    [Tags]    needs-pause
    event store    hung    saying    losing track    tidying up
The Event Store Is Cut Off
    [Tags]    needs-faults    -wants-fan-out
    event store    cut off    saying
The Cache Is Killed
    [Tags]    needs-kill    needs-restart
    cache    killed    saying again    tidying up    paying    leaving
The Cache Hangs
    [Tags]    needs-pause
    cache    hung    saying again    tidying up    leaving
The Cache Is Cut Off
    [Tags]    needs-faults
    cache    cut off    tidying up    paying    leaving
The Store Of Sign-Ins Hangs
    [Tags]    needs-pause
    store of sign-ins    hung    saying    tidying up    paying
The Store Of Chats Hangs
    [Tags]    needs-pause    -wants-fan-out
    store of chats    hung    leaving
The Store Of Chats Is Cut Off
    [Tags]    needs-faults    -wants-fan-out
    store of chats    cut off    leaving
The Agents Are Killed
    [Tags]    needs-kill    needs-restart
    the agents    killed    saying    tidying up    leaving

What Is Said Without An Agent Is Told At Once
    [Documentation]    One thing after another in one conversation, while nobody is there to answer: every tab is told all of it.
    [Tags]    needs-pause    -wants-fan-out    -wants-refresh
    [Template]    NONE
    ${tara} =    A Paid User    tara
    Open Tabs On Each Replica    ${tara}    here    there
    Pause Service    ${AGENTS}
    Say One After Another    ${tara}    here    One    Two    Three
    Record Stored Messages Of Users    ${tara}
    Laws Should Hold    acked-is-kept    exactly-once    same-order    within=${FIGURES.settle_time}
    Resume Service    ${AGENTS}
    Receipts Should Be In

A Cache That Forgot Is Told Again Who Left
    [Documentation]    It dies with the last things that it was told not written down yet: that two sessions are over.
    [Tags]    needs-kill    needs-restart    wants-revocation    -wants-fan-out    -wants-two-replicas
    [Template]    NONE
    ${first} =    A Signed In User    first
    ${last} =    A Signed In User    last
    Doors Should Open    ${last}    the threads
    Sign Out    ${first}
    Sign Out    ${last}
    Let Cache Die Before It Wrote Down Who Left    ${first}    ${last}
    Give Service Time To Tell Cache Again    ${last}
    Try Doors In Vain    ${last}    of a session that was ended    the threads
    Law Should Hold    no-entry    within=0 s

A Cache That Forgot Is Told Again What To Answer
    [Documentation]    It dies with the last things that it was told not written down yet, and with an agent that was at work;
    ...    older questions of another user, as many as agents work on at a time, stand still all the while.
    [Tags]    needs-kill    needs-restart    wants-agent-queue    wants-held-steps    -wants-fan-out    -wants-refresh
    ...       -wants-two-replicas
    [Template]    NONE
    ${olaf} =    A Paid User    olaf
    Open Tabs    ${olaf}    tab
    ${omar} =    A User Whose Questions Stand Still    omar
    ${thread} =    A New Thread
    Question Should Outlive Agent And Cache    ${olaf}    tab    ${thread}    ${omar}
    Give Places Of User Back    ${omar}
    Receipts Should Be In
    Everything Said Should Be Everywhere    ${olaf}    tabs=1

An Event Store That Lost Its Tables Is Told In New Ones
    [Documentation]    As after it was made anew: what is said from then on is told, and settings can be changed.
    [Tags]    wants-ledger    wants-transaction    -wants-fan-out    -wants-refresh    -wants-two-replicas
    [Template]    NONE
    ${eva} =    A Paid User    eva
    Open Tabs    ${eva}    tab
    ${thread} =    A New Thread
    Events Should Outlive The Loss Of Their Tables    ${eva}    tab    ${thread}
    Every Store Should Tell What Was Said    ${eva}
    [Teardown]    Give Event Store Back What It Had

What Is Stored Late Is Counted As Well
    [Documentation]    A file that came first is stored after a message that came later, while events of that one are told.
    [Tags]    needs-pause    wants-held-steps    wants-ledger    wants-upload    -wants-fan-out    -wants-refresh
    [Template]    NONE
    ${pia} =    A Paid User    pia
    Open Tabs    ${pia}    tab    at=${ONE_REPLICA}
    ${thread} =    A Stored Thread    ${pia}
    ${report} =    A Report With The Id Of Its Message    ${pia}
    Let Message Overtake Upload    ${pia}    ${report}    ${thread}
    Receipts Should Be In
    Events Of One Moment Should All Be Counted
    Every Store Should Tell What Was Said    ${pia}

A Backend Whose Store Hangs Says So In Time
    [Documentation]    By its own word, and before its proxy gives it up.
    [Tags]    needs-pause    -wants-fan-out    -wants-refresh    -wants-two-replicas    wants-services-apart
    [Template]    A Hung Store Should Be Told In Time
    store of chats    the threads    the plan    a message

A Backend Whose Cache Hangs Says So In Time
    [Tags]    needs-pause    -wants-fan-out    -wants-refresh    -wants-two-replicas    wants-services-apart
    [Template]    A Hung Store Should Be Told In Time
    cache    a message

A Backend That Hears Nothing Says So
    [Documentation]    What it asks the cache is answered, and what others tell does not come: whoever leads users knows of it.
    [Tags]    -wants-fan-out    -wants-refresh    wants-services-apart
    [Template]    NONE
    ${urs} =    A User With A Thread On A Tab    urs    tab
    Who Hears Nothing Should Not Be Ready    ${urs}
    Send Message    ${urs}    tab    ${urs.thread}    What is 6 * 7?
    Everything Said Should Be Everywhere    ${urs}    tabs=1

An Auth Service Whose Store Hangs Says So In Time
    [Tags]    needs-pause    -wants-fan-out    -wants-refresh    -wants-two-replicas    wants-services-apart
    [Template]    A Hung Store Should Be Told In Time
    store of sign-ins    the profile    a sign-out

A Replica Stands Still, And Then The Other One Is Out Of Reach
    [Documentation]    Nobody who reads waits for longer than it takes to give one up. What it does too late stays undone.
    [Tags]    needs-pause    needs-restart    needs-faults    -wants-fan-out    -wants-refresh    wants-services-apart
    ...       wants-transaction
    [Template]    NONE
    Reading Should Go On Past Each Replica

A Proxy Tells What Is Away
    [Documentation]    In a word that clients know, with the time to wait, and with all that keeps others out.
    [Tags]    needs-kill    needs-restart    -wants-fan-out    -wants-refresh    -wants-two-replicas    wants-services-apart
    [Template]    What Is Away Should Be Told By The Proxy
    ${REPLICAS}    the threads    the plan    the files    a file    a socket
    ${ISSUER_SERVICE}    the profile    the keys
