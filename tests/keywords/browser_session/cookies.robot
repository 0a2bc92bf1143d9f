*** Settings ***
Documentation       A session's cookie in a real browser: sent where it belongs, out of reach of scripts and of every log.

Resource            ../../../resources/browser.resource
Library             Process
Library             realstack.BrowserSession
Library             realstack.OAuth
Library             ../../support/CookiePages.py

Suite Setup         Ensure Browser Is Open
Suite Teardown      Close Browser    ALL
Test Setup          A Window And A Cookie


*** Test Cases ***
Cookie Is Sent To Its Path Only
    [Documentation]    As the server would have set it.
    Add Secret Cookie    refresh_token    ${COOKIE}    url=${ORIGIN}/auth
    Page Should Get Cookies    /auth/refresh    refresh_token
    Page Should Get Cookies    /elsewhere    none

Scripts Do Not See It
    [Documentation]    HttpOnly, unless it was asked for without.
    Add Secret Cookie    hidden    ${COOKIE}    url=${ORIGIN}/
    Add Secret Cookie    open    ${COOKIE}    url=${ORIGIN}/    http_only=${False}
    Page Should Get Cookies    /    hidden open
    Get Text    css=#script    ==    open

Other Windows Do Not Get It
    [Documentation]    It belongs to the current context.
    Add Secret Cookie    mine    ${COOKIE}    url=${ORIGIN}/
    Open A Browser Window
    Page Should Get Cookies    /    none

A Session Goes On By HTTP
    [Documentation]    What a browser holds of one host, and of no other, whatever the paths; values are Secrets.
    Add Secret Cookie    refresh_token    ${COOKIE}    url=${ORIGIN}/auth
    Add Secret Cookie    another    ${COOKIE}    url=http://another.example/
    ${held}    Get Secret Cookies    url=${ORIGIN}/elsewhere
    Length Should Be    ${held}    1
    Should Be Equal    ${{$held[0]['name'] + $held[0]['path']}}    refresh_token/auth
    Should Be True    $held[0]['value'].value == $COOKIE.value

Value Is In No Log
    [Documentation]    At TRACE; the guard of the credentials would fail this test.
    ${before}    Set Log Level    TRACE
    Add Secret Cookie    refresh_token    ${COOKIE}    url=${ORIGIN}/
    Add Secret To Storage    refresh_token    ${COOKIE}    url=${ORIGIN}/
    Page Should Get Cookies    /    refresh_token
    [Teardown]    Set Log Level    ${before}

Scripts Find What Is In The Storage
    [Documentation]    On pages of that origin, in that window; once it is taken out it stays out.
    ${words}    Evaluate    robot.api.types.Secret('words of the page')    modules=robot.api.types
    Add Secret To Storage    words    ${words}    url=${ORIGIN}/elsewhere
    ${pages}    Get Page Ids
    Should Be Empty    ${pages}
    New Page    ${ORIGIN}/
    LocalStorage Get Item    words    ==    words of the page
    LocalStorage Remove Item    words
    Reload
    LocalStorage Get Item    words    ==    ${NONE}

Plain Texts Are No Credentials
    [Documentation]    The value's type keeps it out of the log before the keyword even starts.
    Run Keyword And Expect Error    *Argument 'value' must have type 'Secret', got string*
    ...    Add Secret Cookie    refresh_token    plain    url=${ORIGIN}/

Addresses That Are None Are Refused
    [Documentation]    With an example of one.
    FOR    ${url}    IN    ${EMPTY}    /auth    127.0.0.1:80/auth    ftp://127.0.0.1/
        Run Keyword And Expect Error    Expected: the URL of the cookie's origin and path*Seen: '${url}'*
        ...    Add Secret Cookie    refresh_token    ${COOKIE}    url=${url}
    END

Without A Window Nothing Can Be Added
    [Documentation]    The browser says so itself.
    Close Context    ALL
    Run Keyword And Expect Error    *no open context*
    ...    Add Secret Cookie    refresh_token    ${COOKIE}    url=${ORIGIN}/

Without The Browser Library The Remedy Is Told
    [Documentation]    In a run of its own.
    ${run}    Run Process
    ...    ${{sys.executable}}    -m    robot    --output    NONE    --report    NONE    --log    NONE
    ...    ${CURDIR}/_inner/no_browser.robot    stderr=STDOUT    timeout=60s    on_timeout=kill
    Should Contain    ${run.stdout}    Expected: the Browser library
    Should Contain    ${run.stdout}    Import resources/browser.resource


*** Keywords ***
A Window And A Cookie
    [Documentation]    A context of the test's own, and a value that nobody knows.
    Open A Browser Window
    ${origin}    Cookie Pages URL
    VAR    ${ORIGIN}    ${origin}    scope=TEST
    ${cookie}    Evaluate    robot.api.types.Secret(secrets.token_urlsafe(24))    modules=robot.api.types,secrets
    Remember Secret    ${cookie}    cookie of the test
    VAR    ${COOKIE}    ${cookie}    scope=TEST

Page Should Get Cookies
    [Documentation]    The names of the cookies that come with the request for a page.
    [Arguments]    ${path}    ${names}
    New Page    ${ORIGIN}${path}
    Get Text    css=#sent    ==    ${names}
