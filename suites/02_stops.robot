*** Settings ***
Documentation       Answers that are stopped, or only left alone: a stop ends an answer everywhere, and what was said stays.
Resource            ../resources/journey.resource
Resource            ../resources/tabs.resource
Resource            ../resources/stops.resource
Suite Setup         Prepare The Journey
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
A Stopped Answer Stays As It Was Said
    [Documentation]    Stopped from another tab than asked, on another replica, and from both; each time once more when it is
    ...    over. The next question is answered.
    [Tags]    wants-computed-answers    wants-fan-out    wants-stop    wants-two-replicas
    [Template]    Stopped Answer Should Stay As It Was Said
    # tabs that stop
    there
    here    there

An Answer Is Stopped On Its Own Tab
    [Documentation]    By who asked, on the tab that asked. What was said of it is kept, and the next question is answered.
    [Tags]    wants-computed-answers    wants-stop
    ${tina} =    A Paid User    tina
    Open Tabs    ${tina}    tab
    ${thread} =    A New Thread
    ${question} =    Ask The Long Question    ${tina}    tab    ${thread}
    Answer Should Be Under Way    ${question}    tab
    Stop Answers    tab    ${thread}    ${question}
    Law Should Hold    stop-stops    within=${FIGURES.settle_time}
    Ask    ${tina}    tab    ${thread}    What is 2 + 3?
    Stopped Answers Should Stay    ${tina}

An Answer That Waits Or Works Is Stopped At Once
    [Documentation]    All of a user's places stand still in the middle of their tools, and one answer more waits its turn: that
    ...    one never begins, and the others end though what they wait for never comes.
    [Tags]    wants-computed-answers    wants-held-steps    wants-ledger    wants-resume    wants-stop
    ${olga} =    A Paid User    olga
    Open Tabs    ${olga}    tab
    ${thread} =    A New Thread
    ${held}    ${waiting} =    Ask More Than There Are Places For    ${olga}    tab    ${thread}
    Stop Answers    tab    ${thread}    ${waiting}
    Law Should Hold    stop-stops    within=${FIGURES.settle_time}
    Stop Answers    tab    ${thread}    @{held}
    Stopped Answers Should Stay    ${olga}    stops=5
    Every Store Should Tell What Was Said    ${olga}
    Tab Should Be Told What Is Stored    ${olga}    tab

A Stop That Comes Before The End Holds
    [Documentation]    All is said, and the end is not written down yet: a stop that was told that it comes in time does.
    [Tags]    needs-pause    wants-held-steps    wants-stop
    ${vera} =    A Paid User    vera
    Open Tabs    ${vera}    tab
    ${thread} =    A New Thread
    Hold Up Answering
    ${question} =    Send Message    ${vera}    tab    ${thread}    search my files for "anything"
    Stop Just Before The End    tab    ${thread}    ${question}
    Receipts Should Be In
    Stopped Answers Should Stay    ${vera}

What Is Over Or Another User's Is Not Stopped
    [Documentation]    A stranger's stop is refused and the answer goes on to its end; then its own user's stop is told that it is
    ...    over.
    [Tags]    wants-computed-answers    wants-fan-out    wants-stop    wants-two-replicas
    ${petra} =    A User Whose Long Answer Is Under Way    petra    here    there
    ${otto} =    A Paid User    otto
    Open Tabs    ${otto}    stranger
    Stop Answer    stranger    ${petra.thread}    ${petra.question}
    Law Should Hold    agent-stream    within=${FIGURES.answer_time}
    Nothing Should Have Been Stopped    ${petra}
    Stop Should Be Refused    stranger    ${petra.question}
    ${state} =    Stop And Get State    here    ${petra.thread}    ${petra.question}
    Nothing Should Have Been Stopped    ${petra}
    Should Be Equal    ${state}    completed

Who Just Leaves Stops Nothing And Comes Back In The Middle
    [Documentation]    All tabs go while a long answer is said. Another device asks for it in the middle, twice; it gets all of
    ...    it, each piece once, and goes on hearing it to its end.
    [Tags]    wants-computed-answers    wants-fan-out    wants-resume    wants-two-replicas
    ${quinn} =    A User Whose Long Answer Is Under Way    quinn    here    there
    Leave Tab    here    normally
    Leave Tab    there    without a close frame
    Open Tabs    ${quinn}    later
    Resume Thread    later    ${quinn.thread}
    Resume Thread    later    ${quinn.thread}    1
    Law Should Hold    agent-stream    within=${FIGURES.answer_time}
    Nothing Should Have Been Stopped    ${quinn}
    Answer Should Reach    ${quinn.question}    later

An Answer Is Stopped On A Page
    [Documentation]    Asked on one page and stopped on another one, which is reloaded in the middle and goes on: both show what
    ...    was said, and so does a reload afterwards.
    [Tags]    needs-browser    wants-fan-out    wants-stop
    ${ruth} =    A User In A Browser    ruth
    Open Tabs    ${ruth}    device
    Ask On One Of Two Pages    ${ruth}    one    other    ${LONG_QUESTION}
    ${question} =    Get Question On Tab    device
    Reload In The Middle Of An Answer    other
    Stop On Page    other    ${question}
    Stopped Answers Should Stay    ${ruth}
    Pages Should Show Stopped Answer    one    other
    Law Should Hold    stop-stops

A Stop Outlives The Agent
    [Documentation]    The agent is killed in the middle of an answer, and the answer is stopped before another one goes on with
    ...    it: that one does not begin again.
    [Tags]    needs-kill    wants-agent-queue    wants-held-steps    wants-stop
    ${stan} =    A Paid User    stan
    Open Tabs    ${stan}    tab
    ${thread} =    A New Thread
    Hold Up Answering
    ${question} =    Send Message    ${stan}    tab    ${thread}    search my files for "anything"
    Kill Agent That Stands Still
    Stop Answers    tab    ${thread}    ${question}
    Stopped Answers Should Stay    ${stan}
