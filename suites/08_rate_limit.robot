*** Settings ***
Documentation       The free plan's limit on real Redis: in one window exactly so many messages are admitted, the first ones.
Resource            ../resources/journey.resource
Resource            ../resources/limits.resource
Suite Setup         The Journey Is Prepared
Test Teardown       Everything Is Shown
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
Free User Is Limited Until The Window Ends Or The Plan Changes
    [Documentation]    Of ten messages five pass and the sixth is refused with the time to wait; after it sending works; paid, at once.
    [Tags]    critical
    ${dan} =    A Free User    dan
    ${thread} =    A New Thread
    Open Tabs    ${dan}    tab
    Messages Are Sent Quickly    ${dan}    tab    ${thread}    ${FIGURES.rate_tries}
    All Should Be Decided    ${FIGURES.rate_tries}
    Redis Should Count    ${dan}    ${FIGURES.rate_limit}
    User Waits As Told    tab
    Messages Are Sent Quickly    ${dan}    tab    ${thread}    ${FIGURES.rate_tries}
    User Goes Paid After So Many Decisions    ${dan}    ${{2 * $FIGURES.rate_tries}}
    Messages Are Sent Quickly    ${dan}    tab    ${thread}    ${FIGURES.rate_tries}
    All Should Be Decided    ${{3 * $FIGURES.rate_tries}}
    Limit Should Have Held    ${dan}    full_windows=2


*** Keywords ***
User Goes Paid After So Many Decisions
    [Documentation]    The second window is full when the plan changes.
    [Arguments]    ${user}    ${count}
    All Should Be Decided    ${count}
    User Goes Paid    ${user}
