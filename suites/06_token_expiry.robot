*** Settings ***
Documentation       Token expiry during a chat: nobody notices who is allowed to go on, and nobody goes on who is not.
Resource            ../resources/journey.resource
Resource            ../resources/page_tokens.resource
Resource            ../resources/files.resource
Resource            ../resources/tabs.resource
Suite Setup         Prepare The Journey With Short Tokens
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Tags           needs-restart    wants-refresh


*** Test Cases ***
Chat Goes On Past The Expiry Of Its Tokens
    [Documentation]    In a real browser: the page refreshes by itself, the socket stays, the user sees nothing of it.
    [Tags]    critical    needs-browser
    ${kim} =    A User With A Watched Page    kim
    Chat Past Expiries    ${kim}    page    ${FIGURES.token_refreshes}
    Nobody Should Have Noticed    ${kim}    page    ${FIGURES.token_refreshes}

Open Socket Takes Newer Tokens
    [Documentation]    A client that refreshes in time keeps its connection past every expiry.
    ${liz} =    A Signed In User    liz
    ${thread} =    A New Thread
    Open Tabs    ${liz}    tab
    Send Message    ${liz}    tab    ${thread}    What is 6 * 7?
    Refresh Tokens Of Tab In Time    ${liz}    tab    ${FIGURES.token_refreshes}
    Law Should Hold    one-connection
    Send Message    ${liz}    tab    ${thread}    What is 7 * 7?
    Everything Said Should Be Everywhere    ${liz}    tabs=1

Two Tabs Refresh At Once
    [Documentation]    With the same refresh token, just before their token's end: both go on, on their connections.
    ${ron} =    A Signed In User    ron
    ${thread} =    A New Thread
    Open Tabs    ${ron}    tab 1    tab 2
    Refresh Tabs Together    ${ron}    tab 1    tab 2
    Law Should Hold    one-connection    tabs=2    within=0 s
    Send From Each Tab    ${ron}    ${thread}    tab 1    tab 2
    Everything Said Should Be Everywhere    ${ron}

Three Pages Share One Refresh
    [Documentation]    Pages of one browser want a newer token at the same moment: one of them gets it for all.
    [Tags]    needs-pause    needs-browser    needs-faults    wants-fan-out
    ${jon} =    A User In A Browser    jon
    Show A New Conversation On Three Pages    ${jon}
    Let Pages Want A Newer Token At One Moment    ${jon}    page 1    others=2
    One Refresh Should Have Served All    ${jon}

Signing Key Changes During The Chat
    [Documentation]    Tokens of the old key are good until they end, those of each new one at once; the connection stays.
    [Tags]    needs-reload    needs-folders    needs-logs    wants-key-rotation
    ${uma} =    A Signed In User    uma
    ${thread} =    A New Thread
    Open Tabs    ${uma}    tab
    Tell Tokens Of New Keys    ${uma}    tab    2
    Law Should Hold    one-connection    within=0 s
    Send Message    ${uma}    tab    ${thread}    What is 8 * 7?
    Everything Said Should Be Everywhere    ${uma}    tabs=1
    Key Before The New One Should Be Good    ${uma}

Auth Service Stands Still When The Page Refreshes
    [Documentation]    The page's refresh waits for the auth service; the user notices nothing.
    [Tags]    needs-pause    needs-browser    needs-faults    needs-logs
    [Template]    Page Should Refresh While The Auth Service Is Away
    stands still

Auth Service Can't Be Reached When The Page Refreshes
    [Documentation]    The page's refresh is refused and tried again; the user notices nothing.
    [Tags]    needs-faults    needs-browser    needs-logs    needs-pause
    [Template]    Page Should Refresh While The Auth Service Is Away
    can't be reached

Refresh Changes No Claim
    [Documentation]    Each newer token says the same of its user, and what the provider and the platform's answers say.
    [Tags]    wants-provider
    ${tom} =    A Signed In User    tom
    Record Claims Of Provider    ${tom}
    Record Claims Of Refreshed Tokens    ${tom}    2
    Law Should Hold    same-claims    refreshed tokens=5    within=0 s
    Answers Should Say What The Token Says    ${tom}
    Law Should Hold    converges    within=0 s

A Session Whose Time Is Over Opens Nothing And Can Be Ended
    [Documentation]    Neither the access token nor the refresh token is good any more; its user can sign out all the same.
    ${una} =    A User With An Expired Token    una
    Session Should Be Good    ${una}
    Let Sessions Grow Old    ${una}
    ${cookie} =    Get Refresh Token    ${una}
    Try Refresh    ${una}    too old    ${cookie}    reason=${SESSION_TOO_OLD}
    Token Alone Should End The Session    ${una}    ${una.expired}    ${cookie}
    Law Should Hold    no-entry    within=0 s

Expired Token Opens No Door
    [Documentation]    Of all that the services have for users; the newest token opens each.
    [Tags]    wants-upload
    [Setup]    A User With An Expired Token    vic
    Expired Token Should Open No Door

Expired Token Opens No Socket
    [Setup]    A User With An Expired Token    vic
    Expired Token Should Open No Socket

Expired Token Is Good For Nothing On An Open Socket
    [Documentation]    What is said on it is refused, and it is closed when its grace is over, unless it is told a newer one.
    [Tags]    wants-resume
    ${mia} =    A Signed In User    mia
    ${thread} =    A New Thread
    Open Tabs    ${mia}    tab    late
    Message Should Be Accepted    ${mia}    tab    ${thread}
    Tab That Is Told A Newer Token Late Should Go On    ${mia}    late    ${thread}    tab
    Try To Speak    ${mia}    tab    ${thread}    expired
    Socket Should End With Its Token

What A Good Key Has Signed Opens Nothing By That
    [Tags]    needs-reload    needs-folders    needs-logs    wants-key-rotation
    Well Signed Tokens Should Open Nothing
    Audience Of Tokens Should Be Read As It Stands
    Withdrawn Keys Should Open Nothing

Foreign Token Prolongs No Socket
    [Template]    Foreign Token Should Close The Socket
    another user's
    forged

Token Of Another Session Prolongs No Socket
    Foreign Token Should Close The Socket    another session's

Refresh Token Is Good Once
    [Tags]    wants-revocation    wants-two-replicas
    [Template]    Reuse Should End The Session
    # which is used again
    the last but two
    the last but one, after its grace


*** Keywords ***
Prepare The Journey With Short Tokens
    [Documentation]    Lets the auth service issue tokens that expire during a test.
    Prepare The Journey
    Shorten Life Of Tokens

Page Should Refresh While The Auth Service Is Away
    [Documentation]    The auth service is away just when the page wants a new token, and comes back at once.
    [Arguments]    ${how}
    ${sue} =    A User With A Watched Page    sue
    Take Auth Service Away For The Next Refresh    ${how}
    Chat Past Expiries    ${sue}    page    1
    Nobody Should Have Noticed    ${sue}    page    1
    Receipts Should Be In
