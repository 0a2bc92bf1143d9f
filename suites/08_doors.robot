*** Settings ***
Documentation       The free plan's limit through every door: what counts counts wherever it came in, and what does not counts
...                 nowhere.
Resource            ../resources/journey.resource
Resource            ../resources/files.resource
Resource            ../resources/limits.resource
Resource            ../resources/tokens.resource
Suite Setup         Prepare The Services
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Tags           wants-limit    wants-upload


*** Test Cases ***
Uploads And Messages Share One Limit
    [Documentation]    An upload takes a message's place, and is refused as one when there is none left, on whichever device. One
    ...    that was taken is known again.
    ${una}    ${thread} =    A Free User With A Tab    una
    Open Tab On Another Device    ${una}    elsewhere
    Say    ${una}    ${thread}    1
    ${file} =    Upload Against The Limit    ${una}    ${thread}
    Say    ${una}    ${thread}    ${TWO_LESS}
    Upload Against The Limit    ${una}    ${thread}
    What Was Uploaded Should Be Known Again    ${una}    ${file}    ${thread}
    Say    ${una}    ${thread}    1    elsewhere
    Limit Should Have Held    ${una}

What Is Refused Or Sent Again Does Not Count
    [Documentation]    The rest of the window is there for whoever says it. Every store has what was taken, once.
    [Tags]    wants-ledger
    ${vic}    ${thread} =    A Free User With A Tab    vic
    Send What Does Not Count    ${vic}    ${thread}
    Say    ${vic}    ${thread}    ${FIGURES.rate_limit}
    Limit Should Have Held    ${vic}
    Every Store Should Tell What Was Said    ${vic}

Sent From Two Places At Once It Counts Once
    [Documentation]    Two replicas are both in the middle of taking the same message; the rest of the window is there for others.
    [Tags]    wants-held-steps    wants-two-replicas    -wants-upload
    ${xenia} =    A Free User    xenia
    Open Tabs On Each Replica    ${xenia}    tab    there
    ${thread} =    A Stored Thread    ${xenia}
    Send From Two Places At Once    ${xenia}    ${thread}    tab    there
    Say    ${xenia}    ${thread}    ${FIGURES.rate_limit}
    Limit Should Have Held    ${xenia}

A Change Of Plan Counts At Every Door
    [Documentation]    Paid, everything is taken and nothing is counted; free again, the limit is back at once, and paid again it
    ...    is gone.
    ${wes}    ${thread} =    A Free User With A Tab    wes
    Upgrade User    ${wes}
    Say And Upload    ${wes}    ${thread}    ${ONE_MORE}
    Downgrade User    ${wes}
    Say And Upload    ${wes}    ${thread}    ${ONE_MORE}
    Record Counter Of Redis    ${wes}
    Upgrade User    ${wes}
    Say And Upload    ${wes}    ${thread}    1
    Limit Should Have Held    ${wes}
