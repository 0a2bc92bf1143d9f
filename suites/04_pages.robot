*** Settings ***
Documentation       The line of one browser fails: it is away for a while, or what came over it was lost. The page makes good
...                 what it missed, and tells what it could not tell.
Resource            ../resources/faults.resource
Resource            ../resources/journey.resource
Resource            ../resources/lines.resource
Resource            ../resources/settings.resource
Suite Setup         Prepare The Journey
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Tags           needs-browser    wants-fan-out    wants-outbox


*** Test Cases ***
A Page Whose Line Was Away Is As One Opened Later
    [Documentation]    It has what was typed on it and said elsewhere meanwhile, also in a conversation that is looked at again
    ...    only then, and is called as it was named. Nothing of the loss is left on it, and it has one connection, as before.
    ${ella} =    A User With Two Conversations On A Page    ella
    Take Line Of Page Away    page
    Type Message    ${ella}    page    Typed without a line
    Rename On Page    page    ${ella.thread}    Named without a line
    Say Something In Both On The Phone    ${ella}
    Give Line Back    page
    Record Page And Store After Recovery    ${ella}
    Laws Should Hold    @{LAWS_OF_MESSAGES}    said-is-stored    within=1 s
    Both Conversations Should Be As One Opened Later    page
    Page Should Have As Many Connections As Before    page

A Page That Is Back Before It Tried Again Says So
    [Documentation]    And nothing else, a moment later.
    [Tags]    -wants-fan-out
    ${enno} =    A User In A Browser    enno
    Open Page    ${enno}    page
    Page Should Be Online    page
    Page Should Say Of Its Connection What It Said Before    page

A Page Neither Gives Up Nor Insists
    [Documentation]    It keeps a connection that is well though the page itself stood still, and leaves a platform in peace that
    ...    has no room for it.
    [Tags]    -wants-fan-out
    ${petra} =    A User In A Browser    petra
    Open Page    ${petra}    page
    Page Should Be Online    page
    Page Should Take Its Own Absence For Nobody Else's    page
    Page Should Not Insist    page

Who Could Not Sign Out Is Signed In As Before
    [Documentation]    The page has no line then, and later its user thinks better of it: nobody discards what waits. When the
    ...    session is ended elsewhere, that is what the page says.
    [Tags]    wants-held-steps    wants-revocation
    ${sina} =    A User With A New Conversation    sina
    Sign Out Without A Line    ${sina}    page
    Begin To Sign Out And Stay    page
    What Waited Should Be Sent By Whom Is Signed In    page
    Record Stored Messages Of Users    ${sina}
    Laws Should Hold    @{LAWS_OF_MESSAGES}    within=1 s
    End Session    ${sina}
    Page Should Say Why Nobody Is Signed In    page    ended

A Message That Never Came To A Page Is Asked For
    [Documentation]    It is lost on its way, and the next one comes: the page shows both.
    ${noah} =    A User With A Page And A Phone    noah
    Lose What Comes To Page    page    Lost on its way
    Send Message    ${noah}    phone    ${noah.thread}    Lost on its way
    What Came Should Have Been Lost    page
    Ask    ${noah}    phone    ${noah.thread}    What is 6 * 7?
    Record Page And Store After Recovery    ${noah}
    Laws Should Hold    @{LAWS_OF_MESSAGES}    within=1 s

A Page That Comes Back In The Middle Of An Answer Has All Of It
    [Documentation]    A tool ends and the answer is said while the page's line is away: both are shown before it is stored.
    [Tags]    wants-exact-answers    wants-held-steps    wants-stop
    ${iris} =    A User With A New Conversation    iris
    Ask What Stands Still    ${iris}
    Let Answer Go On While The Line Is Away
    Record Tools On Page    page    device
    Law Should Hold    said-is-stored    within=0 s

What Is Stopped While The Line Is Away Is Stopped When It Is Back
    [Documentation]    The button is pressed on a page that is offline: the answer ends once it is online again.
    [Tags]    wants-held-steps    wants-stop
    ${sami} =    A User With A New Conversation    sami
    ${question} =    Ask What Stands Still    ${sami}
    Stop On Page Without A Line    ${question}
    Stopped Answers Should Stay    ${sami}
