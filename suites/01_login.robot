*** Settings ***
Documentation       Sign-in at a real OpenID provider, the dashboard, and the earlier history exactly as it is stored.
Resource            ../resources/journey.resource
Resource            ../resources/tokens.resource
Suite Setup         Prepare The Journey
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
Login Leads To The Dashboard And The Exact History
    [Documentation]    Signed out, over the provider's form and consent, back to a dashboard with the provider's profile, and to
    ...    what was said earlier, in order. Both databases hold the provider's profile; only the own session gets answers.
    [Tags]    critical    needs-browser    wants-provider
    ${dora}    ${earlier} =    A User With Earlier Conversations    dora
    Open A Signed Out Page    ${dora}    page
    Sign In In Browser    ${dora}
    ${profile} =    Get Profile At Provider    ${dora}
    Dashboard Should Show Profile    page    ${profile}    free
    Choose Conversation    page    Sums of the day
    Page Should Show Exactly    page    ${earlier}
    Profile Should Be In Both Databases    ${dora}    ${profile}
    Only Its Own Session Should Get Answers    ${dora}
    Laws Should Hold    no-entry    acked-is-kept    exactly-once    same-order    from-somebody

A Page Shows The Earlier History
    [Documentation]    In a browser that has the session already: what was said in another window, as the store holds it.
    [Tags]    needs-browser
    ${gita} =    A User In A Browser    gita
    Chat In Another Window    ${gita}
    Open Page    ${gita}    page    ${gita.thread}
    Page Should Be Online    page
    Page Should Hold Messages    page    4
    Page And Store Should Agree    ${gita}    page

Only A Signed In Session Gets Answers
    [Documentation]    With a session's credential its user is known; without one, or with one that was changed, nobody is.
    [Tags]    critical
    ${gwen} =    A Signed In User    gwen
    Only Its Own Session Should Get Answers    ${gwen}
    Law Should Hold    no-entry    within=0 s    good entries=1

Logout Ends The Session Everywhere
    [Documentation]    All tabs on both replicas are closed, whichever went before; the refresh token and the access token open
    ...    nothing any more.
    [Tags]    wants-refresh    wants-revocation    wants-two-replicas
    ${erin} =    A Signed In User    erin
    Open Tabs On Each Replica    ${erin}    first tab    second tab    third tab    fourth tab
    Close Connection    alias=third tab
    Doors Should Open    ${erin}    the profile    the threads    the plan
    Sign Out    ${erin}    first tab    second tab    fourth tab
    Try Doors In Vain    ${erin}    of a session that was ended    the profile    the threads    the plan
    Law Should Hold    no-entry    tabs of revoked sessions=3    good entries=5
    Revocation Should Outlast Token    ${erin}    the threads    the plan

Two Tabs That Refresh At Once Have One Session
    [Documentation]    Both bring the same refresh token before either is served: it has one successor, and both go on.
    [Tags]    wants-refresh    wants-held-steps
    ${ivo} =    A Signed In User    ivo
    Hold Up Refreshing    ${ivo}
    Begin Refresh    ${ivo}    one tab
    Begin Refresh    ${ivo}    another tab
    Refreshes Should Stand Still    2
    Let Step Go On    refreshing
    Refresh Should Be Granted    one tab
    Refresh Should Be Granted    another tab
    Session Should Have One Successor    ${ivo}
    Law Should Hold    no-entry    within=0 s

Logout On One Page Signs All Pages Out
    [Documentation]    Two pages of one browser and a socket of the same session; the user signs out on one page.
    [Tags]    needs-browser    wants-revocation
    ${finn} =    A User In A Browser    finn    plan=free
    Open Tabs    ${finn}    a socket
    Open Page    ${finn}    page 1
    ${thread} =    Open Page Of A Conversation    ${finn}    page 2
    Sign Out On Page    page 1    a socket
    Page Should Say Why Nobody Is Signed In    page 1    signed out
    Page Should Say Why Nobody Is Signed In    page 2    signed out
    Sign-In Should Lead Back To    page 2    ${thread}
    Law Should Hold    no-entry    tabs of revoked sessions=1
    Session Should Be Revoked Everywhere    ${finn}

A Sign In That Came To Nothing Is Told Once
    [Documentation]    Where nobody is signed in, the page says that a sign-in came to nothing, until it is loaded anew. Who was
    ...    signed in all the while does not hear of it, after signing out neither. What offers no way in is asked now and then.
    [Tags]    needs-browser    wants-provider
    ${iris} =    A User In A Browser    iris
    Open Page    ${iris}    page
    Let A Sign In Come To Nothing    ${iris}
    Page Should Be Online    page
    Press Sign Out    page
    What Page Says Of A Sign In Should Be    page    nothing
    Let A Sign In Come To Nothing    ${iris}
    What Page Says Of A Sign In Should Be    page    that it came to nothing
    What Page Says Of A Sign In Anew Should Be    page    nothing
    Page Should Ask Less And Less    page    GET


*** Keywords ***
A User With Earlier Conversations
    [Documentation]    A user who has chatted before, in another window, and has no consent any more; returns what the store
    ...    holds of it.
    [Arguments]    ${name}
    ${user} =    A Signed In User    ${name}
    ${rows} =    Chat In Another Window    ${user}
    Withdraw Consent    ${user}
    RETURN    ${user}    ${rows}

Chat In Another Window
    [Documentation]    A signed-in user asks in a window that is closed again, in the user's `thread`; returns what the store
    ...    holds of it.
    [Arguments]    ${user}
    ${thread} =    A Stored Thread    ${user}
    Open Tabs    ${user}    earlier tab
    Ask    ${user}    earlier tab    ${thread}    What is 17 * (23 + 4) - 9?
    Ask    ${user}    earlier tab    ${thread}    What is the mean of 3, 5, 8 and 12?
    Close Connection    alias=earlier tab
    Set To Dictionary    ${user}    thread=${thread}
    ${rows} =    Record Stored Messages Of Users    ${user}
    RETURN    ${rows}

Open A Signed Out Page
    [Documentation]    Opens the page in a browser window that never saw the platform: nobody is signed in.
    [Arguments]    ${user}    ${page}
    Open A Browser Window
    Open Page    ${user}    ${page}
    Landing Page Should Be Shown

Open Page Of A Conversation
    [Documentation]    Opens a page that shows a new conversation; returns its id.
    [Arguments]    ${user}    ${page}
    ${thread} =    A Stored Thread    ${user}
    Open Page    ${user}    ${page}    ${thread}
    RETURN    ${thread}

Profile Should Be In Both Databases
    [Documentation]    The auth service's and the backend's database hold what the provider holds.
    [Arguments]    ${user}    ${profile}
    ${auth} =    Get Profile In Auth Store    ${user}
    ${chat} =    Get Profile In Chat Store    ${user}
    Dictionaries Should Be Equal    ${auth}    ${profile}
    Dictionaries Should Be Equal    ${chat}    ${profile}
