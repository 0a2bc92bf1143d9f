*** Settings ***
Documentation       What the platform says to browsers: nobody else's page, cache, frame or script gets in, and what looks like
...                 markup stays text.
Resource            ../resources/journey.resource
Resource            ../resources/files.resource
Resource            ../resources/services.resource
Resource            ../resources/tokens.resource
Resource            ../resources/visitors.resource
Suite Setup         Prepare The Journey
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
Every Answer Keeps Others Out
    [Documentation]    Of each page, part of it, route and file, taken or refused: headers against frames, guesses, caches and
    ...    scripts of elsewhere, its right type, and no leave for other origins.
    [Tags]    wants-doors    wants-upload
    ${olga} =    A User With Things    olga
    Try Places    ${olga}
    Try Answers Of Doors    ${olga}
    Law Should Hold    no-entry    within=0 s

A Page Is Told What The Platform Keeps To
    [Documentation]    How often it is to be heard of, how it comes back, how large a file may be, and how long a token lives.
    [Tags]    wants-doors
    ${orla} =    A Signed In User    orla
    Page Should Be Told What The Platform Keeps To    ${orla}
    Law Should Hold    converges    within=0 s

Cookies Are For The Platform Alone
    [Documentation]    Whenever a cookie is set; it lives as long as what it holds, and is gone after the sign-out.
    [Tags]    wants-refresh    wants-revocation
    ${otto} =    A User At The Sign In    otto    his browser
    Cookie Should Be For The Platform Alone    ${LOGIN_COOKIE}    his browser    when it begins    longest=${3600}
    Cookie Should Live As Long As The Sign In    his browser
    Sign In With A Cookie That Lives    ${otto}
    Cookie Should Be For The Platform Alone    ${REFRESH_COOKIE}    ${otto.session}    refreshed at once
    Session Should Be Good    ${otto}
    Cookie Should Be For The Platform Alone    ${REFRESH_COOKIE}    ${otto.session}    refreshed again
    Cookie Should Live As Long As The Session    ${otto}
    Cookie Alone Should End The Session    ${otto}
    Laws Should Hold    no-entry    converges    within=0 s

A Session's Cookie Opens Nothing To Other Sites
    [Documentation]    A page of somebody else lets the browser ask with its cookie: it gets nothing, and the session goes on.
    [Tags]    wants-session-cookie
    [Setup]    A User With A Session    oscar
    [Template]    Cookie Should Open Nothing To
    # whose page
    another site
    a page without an origin
    a site whose name begins alike
    another port
    the same host, encrypted
    another case
    nobody

A Socket Opens To No Other Site
    [Setup]    A User With A Session    oscar
    [Template]    Socket Should Open To No Page Of
    # whose page
    another site
    a page without an origin
    a site whose name begins alike
    another port
    the same host, encrypted

A Sign In Leads Nowhere Else
    [Tags]    wants-provider
    [Setup]    A User With A Session    oscar
    Sign In Should Lead To Its Own Places
    Sign In Should Lead Nowhere Else    ${VISITOR}
    Law Should Hold    no-entry    within=0 s

What Looks Like Markup Stays Text
    [Documentation]    Names from the provider, of files and of workspaces, titles, messages and answers that would become
    ...    elements, in the dashboard, the list and the conversation.
    [Tags]    needs-browser    wants-provider    wants-transaction    wants-upload
    ${planter} =    A User Whose Words Are Markup    ottilie
    Open Page    ${planter}    page    ${planter.thread}
    Page Should Be Online    page
    Record Markup    page    the conversation    2
    Go To    ${planter.origin}
    Record What A Workspace Is Called    page
    Record Markup    page    the dashboard    1
    Laws Should Hold    no-entry    said-is-stored    within=0 s

A Test's Trace Leads Through The Platform
    [Documentation]    Whoever looks a failed test's trace up in the logs finds what each service did for it, and the agent that
    ...    took its question from the queue.
    [Tags]    wants-traces    needs-logs
    ${tracy} =    A User With An Open Tab    tracy
    Let All Services Work    ${tracy}
    Trace Should Be Told By All Services
