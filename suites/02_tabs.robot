*** Settings ***
Documentation       Several tabs of one session: what one does, all show, in one order, whichever replica serves them.
Resource            ../resources/journey.resource
Suite Setup         The Journey Is Prepared
Test Teardown       Everything Is Shown
Test Timeout        5 s


*** Test Cases ***
Three Tabs Of One Session Stay Equal
    [Documentation]    Tab 1 sends, tabs 2 and 3 get it; tab 2 closes, the others go on; a tab opened late equals the rest.
    [Tags]    critical
    ${alice} =    A Paid User    alice
    ${bob} =    A Signed In User    bob
    Open Tabs    ${bob}    bystander
    Open Tabs On Each Replica    ${alice}    tab 1    tab 2    tab 3
    ${thread} =    A New Thread
    ${question} =    Send Message    ${alice}    tab 1    ${thread}    What is 17 * (23 + 4) - 9?
    Message Should Reach    ${question}    tab 1    tab 2    tab 3
    Answer Should Reach    ${question}    tab 1    tab 2    tab 3
