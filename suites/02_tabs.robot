*** Settings ***
Documentation       Several tabs of one session: what one does, all show, in one order, whichever replica serves them.
Resource            ../resources/journey.resource
Resource            ../resources/tabs.resource
Suite Setup         Prepare The Journey
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
Three Tabs Of One Session Stay Equal
    [Documentation]    Tab 1 sends, tabs 2 and 3 get it; tab 2 closes, the others go on; a tab opened late equals the rest.
    [Tags]    critical    wants-computed-answers    wants-fan-out    wants-resume    wants-two-replicas
    ${alice}    ${bob} =    A User With Tabs And A Bystander    tab 1    tab 2    tab 3
    ${thread} =    A New Thread
    Question Should Be Answered Everywhere    ${alice}    tab 1    ${thread}    What is 17 * (23 + 4) - 9?    = 450
    Title And Read Marker Should Converge    ${thread}    tab 1    tab 2    tab 3
    Close Connection    alias=tab 2
    Question Should Be Answered Everywhere    ${alice}    tab 3    ${thread}    What is 6 * 7?    = 42
    Open A Late Tab    ${alice}    tab 4    ${thread}
    Everything Said Should Be Everywhere    ${alice}    ${bob}    tabs=5
    Law Should Hold    no-crosstalk

A Tab Opened Later Has It All
    [Documentation]    A user talks on one tab and leaves; on a tab that is opened later all of it stands, and the talk goes on.
    [Tags]    critical    wants-computed-answers    wants-resume
    ${vera} =    A Paid User    vera
    Open Tabs    ${vera}    earlier
    ${thread} =    A New Thread
    Question Should Be Answered On Its Tab    ${vera}    earlier    ${thread}    What is 17 * (23 + 4) - 9?    = 450
    Question Should Be Answered On Its Tab    ${vera}    earlier    ${thread}    What is 6 * 7?    = 42
    Close Connection    alias=earlier
    Open A Late Tab    ${vera}    later    ${thread}
    Question Should Be Answered On Its Tab    ${vera}    later    ${thread}    What is 30 - 8?    = 22
    Everything Said Should Be Everywhere    ${vera}    tabs=2

Three Browser Tabs Stay Equal
    [Documentation]    The same in three tabs of a real browser: one types, all show it and the answer; one closes, the
    ...    rest go on.
    [Tags]    critical    needs-browser    wants-computed-answers    wants-fan-out
    ${carol} =    A User In A Browser    carol
    Show A New Conversation On Three Pages    ${carol}
    Type Message    ${carol}    page 1    What is 12 * 12?
    Page Should Show    page 3    = 144
    Close The Page    page 2
    Type Message    ${carol}    page 3    What is 30 - 8?
    Page Should Show    page 1    = 22
    Record Pages    page 1    page 3
    Record Stored Messages Of Users    ${carol}
    Laws Should Hold    acked-is-kept    exactly-once    same-order    from-somebody

A Page Opened Later Has It All
    [Documentation]    A user talks on a page and closes it; on a page opened later all of it stands, and the talk goes on.
    [Tags]    critical    needs-browser    wants-computed-answers
    ${wanda} =    A User In A Browser    wanda
    ${thread} =    A Stored Thread    ${wanda}
    Open Page    ${wanda}    earlier    ${thread}
    Question Should Be Answered On Page    ${wanda}    earlier    What is 12 * 12?    = 144
    Close The Page    earlier
    Open Page    ${wanda}    later    ${thread}
    Question Should Be Answered On Page    ${wanda}    later    What is 30 - 8?    = 22
    Page And Store Should Agree    ${wanda}    later

Closing One Tab Leaves The Others Whole
    [Documentation]    Whichever tab goes and however it goes, the others get every message and every answer.
    [Tags]    wants-fan-out
    [Template]    Others Should Go On When One Of Three Tabs Goes
    # position    manner
    first    normally
    middle    normally
    last    normally
    first    without a close frame
    middle    without a close frame
    last    without a close frame

Tabs That Vanish In The Middle Take Nothing Along
    [Documentation]    Very many tabs are gone while the platform stores what they said; the tab beside them, on the same replica,
    ...    goes on getting everything.
    [Tags]    wants-fan-out    wants-held-steps    wants-two-replicas
    ${kate} =    A Paid User    kate
    Open Tabs    ${kate}    neighbour    at=${ONE_REPLICA}
    Open Tabs    ${kate}    speaker    at=${OTHER_REPLICA}
    ${thread} =    A Stored Thread    ${kate}
    ${tabs} =    Open Very Many Tabs    ${kate}    ${ONE_REPLICA}
    Abort Tabs While Their Messages Are Stored    ${kate}    ${thread}    @{tabs}
    Send Message    ${kate}    speaker    ${thread}    What is 9 * 9?
    What Was Acknowledged Should Be Everywhere    ${kate}    1

Any Number Of Tabs Stays Equal
    [Documentation]    Any tab may send; all tabs and the store agree on one order.
    [Tags]    wants-fan-out    wants-resume    wants-two-replicas
    [Template]    Tabs That All Send Should Agree On One Order
    # tabs
    3
    10

Twenty-Five Tabs Stay Equal
    [Documentation]    The same with as many tabs as the most restless of users has.
    [Tags]    wants-fan-out    wants-resume    wants-two-replicas
    Tabs That All Send Should Agree On One Order    25

Sending Again Changes Nothing
    [Documentation]    A message that was sent again, from another tab on another replica, is stored and shown once.
    [Tags]    wants-two-replicas
    ${gina} =    A Paid User    gina
    Open Tabs On Each Replica    ${gina}    here    there
    ${thread} =    A New Thread
    ${id} =    Send Message    ${gina}    here    ${thread}    What is 5 * 5?
    Message Should Be Acknowledged    here    ${id}
    Send Message    ${gina}    there    ${thread}    What is 5 * 5?    ${id}
    Message Should Be Acknowledged    there    ${id}
    Send Message    ${gina}    here    ${thread}    What is 5 * 5?    ${id}
    Everything Said Should Be Everywhere    ${gina}

Sending Twice At Once Is Sending Once
    [Documentation]    Two replicas are both in the middle of storing the same message: one stores it, the other one finds it.
    [Tags]    wants-held-steps    wants-two-replicas
    ${jill} =    A Paid User    jill
    Open Tabs On Each Replica    ${jill}    here    there
    ${thread} =    A Stored Thread    ${jill}
    Hold Up Storing Of Messages
    ${id} =    Send Message    ${jill}    here    ${thread}    What is 8 * 8?
    Send Message    ${jill}    there    ${thread}    What is 8 * 8?    ${id}
    Backend Should Stand Still    storing    sessions=2
    Let Step Go On    storing
    Floor Should Be Met    decisions    at_least=2    within=${FIGURES.settle_time}
    Everything Said Should Be Everywhere    ${jill}

A Text That Is Hard To Read Holds Nobody Up
    [Documentation]    Nothing but blanks between two words, where commands have optional words: it is answered like any
    ...    other, and so is what comes after it.
    [Tags]    wants-computed-answers    wants-fan-out    wants-two-replicas
    ${lena} =    A Paid User    lena
    Open Tabs On Each Replica    ${lena}    here    there
    ${thread} =    A New Thread
    Send Message    ${lena}    here    ${thread}    find${SPACE * 8000}x
    Question Should Be Answered Everywhere    ${lena}    there    ${thread}    What is 8 * 9?    = 72

Nobody Gets At Another User's Words
    [Documentation]    Henry knows the id of Ida's thread and asks for it, over the socket, over REST and through the agent.
    [Tags]    wants-resume
    ${ida} =    A Paid User    ida
    ${henry} =    A Paid User    henry
    Register Listener    henry
    Open Tabs    ${ida}    hers
    Open Tabs    ${henry}    his
    ${secret} =    A Thread With A Secret    ${ida}    hers    heliotrope
    Ask For A Foreign Thread    ${henry}    his    ${secret}
    Ask The Agent For Foreign Words    ${henry}    his    heliotrope
    Laws Should Hold    no-crosstalk    agent-stream
