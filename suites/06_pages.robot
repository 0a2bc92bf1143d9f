*** Settings ***
Documentation       Tokens that expire under an open page: where nobody gives it a newer one in time, it comes back by itself.
Resource            ../resources/journey.resource
Resource            ../resources/page_tokens.resource
Suite Setup         Prepare The Journey With Short Tokens
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Tags           needs-browser    needs-faults    needs-restart    wants-outbox    wants-refresh


*** Test Cases ***
A Page Whose Tokens Run Out Comes Back
    [Documentation]    The auth service is out of reach for longer than a token and its grace last: the page's connection is ended
    ...    for it. It is on line again by itself when the service is back.
    ${rolf} =    A User In A Browser    rolf
    ${thread} =    A Stored Thread    ${rolf}
    Open Page    ${rolf}    page    ${thread}
    Page Should Be Online    page
    Let Tokens Of Page Run Out    page
    Type Message    ${rolf}    page    What is 8 * 9?
    Record Page Once Stored    page    1    ${FIGURES.reconnect_max * 3}
    Record Stored Messages Of Users    ${rolf}
    Law Should Hold    recovers-alone    within=0 s    readings during a fault=0
    Laws Should Hold    acked-is-kept    exactly-once    from-somebody

A Page That Is Loaded While Nobody Can Be Signed In Waits For It
    [Documentation]    The auth service is out of reach just then: the page is on line by itself when that is back, and leaves it
    ...    in peace meanwhile.
    [Tags]    needs-logs    -wants-outbox
    ${lars} =    A User In A Browser    lars
    Open Page    ${lars}    page
    Page Should Be Online    page
    Take Auth Service Away While Page Loads    page
    Page Should Come On Line    page
    Page Should Ask Less And Less    page    POST

A Page That Is Looked At Again And Again Asks For No Token
    [Tags]    -needs-faults    -wants-outbox
    ${olga} =    A User With A Watched Page    olga
    Turning To Page Should Cost No Token    ${olga}    page


*** Keywords ***
Prepare The Journey With Short Tokens
    [Documentation]    Lets the auth service issue tokens that expire during a test.
    Prepare The Journey
    Shorten Life Of Tokens
