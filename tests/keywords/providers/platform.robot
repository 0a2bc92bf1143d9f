*** Settings ***
Documentation       The reference platform whose file names Google as its provider: journeys' own words sign users in there, at a
...                 provider that answers under Google's names, which the auth service reaches by a proxy and trusts by its
...                 authority.

Resource            ../../../resources/journey.resource
Resource            ../../../resources/tokens.resource
Library             OperatingSystem
Library             ../../support/GoogleServer.py

Suite Setup         Start The Platform With Google
Suite Teardown      End The Platform With Google
Test Teardown       Close Context    ALL


*** Variables ***
${PLATFORM}     reference/google    # robocop: off=VAR02


*** Test Cases ***
A User Signs In By The Journeys' Words
    [Documentation]    Through Google's pages, as those of any provider; then the session opens what is its own, and nothing else.
    ${gil} =    A Signed In User    gil
    Only Its Own Session Should Get Answers    ${gil}
    Law Should Hold    no-entry    within=0 s

A User Signs In On The Page
    [Documentation]    From the platform's own button.
    ${gil} =    A Provider User    gil
    Open A Browser Window
    Open Page    ${gil}    the page
    Sign In In Browser    ${gil}

An Account Of Another Domain Stays Outside
    [Documentation]    Google was asked for accounts of one domain, and its token claims another one.
    [Setup]    Let Google Claim Domain    elsewhere.example
    ${gil} =    A Provider User    gil
    Open A Browser Window
    New Page    ${gil.origin}/auth/login?provider=google
    Sign In On Provider's Pages    ${gil.account}
    Get Text    css=body    contains    not of the organization that may sign in here
    @{cookies} =    Get Secret Cookies    url=${gil.origin}
    Should Not Contain    ${{[cookie['name'] for cookie in $cookies]}}    ${REFRESH_COOKIE}
    [Teardown]    Run Keywords    Let Google Claim Domain    AND    Close Context    ALL

More Users Than Accounts Are No Verdict
    A Provider User    gil
    Run Keyword And Expect Error    INVALID: *no GOOGLE_USER_2, GOOGLE_PASSWORD_2.*    A Provider User    hugo


*** Keywords ***
Start The Platform With Google
    [Documentation]    Starts the stand-in, a browser that finds and trusts it, and the platform that is told of it.
    ${server} =    Google Server
    VAR    @{BROWSER_ARGS}    @{BROWSER_ARGS}    @{server}[browser_args]    scope=SUITE
    Ensure Browser Is Open
    Prepare The Services

End The Platform With Google
    [Documentation]    Nothing of it is left for other suites.
    Stop Platform
    Close Browser    ALL
