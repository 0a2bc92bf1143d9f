*** Settings ***
Documentation       Several tabs of one session: what one does, all show, in one order, whichever replica serves them.
Resource            ../resources/journey.resource
Suite Setup         The Journey Is Prepared
Test Teardown       Everything Is Shown
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
Three Tabs Of One Session Stay Equal
    [Documentation]    Tab 1 sends, tabs 2 and 3 get it; tab 2 closes, the others go on; a tab opened late equals the rest.
    [Tags]    critical
    ${alice}    ${bob} =    A User With Tabs And A Bystander    tab 1    tab 2    tab 3
    ${thread} =    A New Thread
    Message Reaches All And Is Answered    ${alice}    tab 1    ${thread}    What is 17 * (23 + 4) - 9?    = 450    tab 2    tab 3
    Title And Read Marker Converge    ${thread}    tab 1    tab 2    tab 3
    Close Connection    alias=tab 2
    Message Reaches All And Is Answered    ${alice}    tab 3    ${thread}    What is 6 * 7?    = 42    tab 1
    Late Tab Equals The Others    ${alice}    tab 4    ${thread}    messages=4
    Stored Messages    ${alice}    ${bob}
    Laws Should Hold    acked-is-kept    exactly-once    same-order    from-somebody    no-crosstalk    agent-stream

Three Browser Tabs Stay Equal
    [Documentation]    The same in three tabs of a real browser: one types, all show it and the answer; one closes, the rest go on.
    [Tags]    critical
    ${carol} =    A User In A Browser    carol
    ${thread} =    Three Pages Show A New Conversation    ${carol}
    Type Message    ${carol}    page 1    What is 12 * 12?
    Page Should Show    page 3    = 144
    Close The Page    page 2
    Type Message    ${carol}    page 3    What is 30 - 8?
    Page Should Show    page 1    = 22
    Pages Are Recorded    page 1    page 3
    Stored Messages    ${carol}
    Laws Should Hold    acked-is-kept    exactly-once    same-order    from-somebody


Closing One Tab Leaves The Others Whole
    [Documentation]    Whichever tab goes and however it goes, the others get every message and every answer.
    [Template]    Others Go On When One Of Three Tabs Goes
    #position    manner
    first    normally
    middle    normally
    last    normally
    first    without a close frame
    middle    without a close frame
    last    without a close frame

Any Number Of Tabs Stays Equal
    [Documentation]    Every tab may send; all tabs and the store agree on one order.
    [Template]    Tabs That All Send Agree On One Order
    #tabs
    3
    10

Twenty-Five Tabs Stay Equal
    [Documentation]    The same with as many tabs as the most restless of users has.
    Tabs That All Send Agree On One Order    25

*** Keywords ***
A User With Tabs And A Bystander
    [Documentation]    Alice with tabs on both replicas, and Bob who listens all the while and must never see anything of hers.
    [Arguments]    @{tabs}
    ${alice} =    A Paid User    alice
    ${bob} =    A Signed In User    bob
    Register Listener    bob
    Open Tabs    ${bob}    bystander
    ${his} =    A New Thread
    Send Message    ${bob}    bystander    ${his}    What is 2 + 2?
    Open Tabs On Each Replica    ${alice}    @{tabs}
    RETURN    ${alice}    ${bob}

Message Reaches All And Is Answered
    [Documentation]    A tab asks; it and the others get the question and the answer, which is right by value.
    [Arguments]    ${user}    ${tab}    ${thread}    ${question}    ${answer}    @{others}
    ${id} =    Send Message    ${user}    ${tab}    ${thread}    ${question}
    Message Should Be Acknowledged    ${tab}    ${id}
    Message Should Reach    ${id}    ${tab}    @{others}
    ${text} =    Answer Should Reach    ${id}    ${tab}    @{others}
    Should Contain    ${text}    ${answer}

Title And Read Marker Converge
    [Documentation]    A new title and how far was read, said on one tab, are known on all.
    [Arguments]    ${thread}    ${tab}    @{others}
    Rename Thread    ${tab}    ${thread}    Sums of the day
    Title Should Converge    ${thread}    Sums of the day    ${tab}    @{others}
    Mark As Read    ${others}[0]    ${thread}    2
    Read Marker Should Converge    ${thread}    2    ${tab}    @{others}

Late Tab Equals The Others
    [Documentation]    A tab that was opened after everything was said gets all of it from the beginning.
    [Arguments]    ${user}    ${tab}    ${thread}    ${messages}
    Open Tabs    ${user}    ${tab}
    Resume Thread    ${tab}    ${thread}
    Wait For Frames    ${messages}    message    thread_id=${thread}    alias=${tab}

Three Pages Show A New Conversation
    [Documentation]    Three pages of one browser window, signed in once, on one new thread; returns the thread.
    [Arguments]    ${user}
    ${thread} =    A Stored Thread    ${user}
    Open Page    ${user}    page 1    /threads/${thread}
    Open Page    ${user}    page 2    /threads/${thread}
    Open Page    ${user}    page 3    /threads/${thread}
    FOR    ${page}    IN    page 1    page 2    page 3
        Page Should Be Online    ${page}
    END
    RETURN    ${thread}

Others Go On When One Of Three Tabs Goes
    [Documentation]    One of three tabs closes or vanishes while messages go on; judged by the laws.
    [Arguments]    ${position}    ${manner}
    VAR    ${row}    ${position} ${manner}
    ${erin} =    A Paid User    erin ${row}
    Open Tabs    ${erin}    first ${row}    middle ${row}    last ${row}
    VAR    @{others}    first ${row}    middle ${row}    last ${row}
    Remove Values From List    ${others}    ${position} ${row}
    ${thread} =    A New Thread
    Send Message    ${erin}    ${others}[0]    ${thread}    What is 1 + 1?
    Leave Tab    ${position} ${row}    ${manner}
    Messages Are Sent    ${erin}    ${others}[1]    ${thread}    What is 2 + 2?    What is 3 + 3?
    Everything Said Should Be Everywhere    ${erin}
    [Teardown]    Close All Connections

Tabs That All Send Agree On One Order
    [Documentation]    Many tabs of one user send at the same time.
    [Arguments]    ${count}
    ${fred} =    A Paid User    fred of ${count}
    ${tabs} =    Evaluate    [f'tab {number} of ${count}' for number in range(1, int($count) + 1)]
    Open Tabs On Each Replica    ${fred}    @{tabs}
    ${thread} =    A New Thread
    Each Tab Sends    ${fred}    ${thread}    @{tabs}
    Everything Said Should Be Everywhere    ${fred}    tabs=${{int($count)}}
    [Teardown]    Close All Connections
