*** Settings ***
Documentation       The computer that a browser stands for: its clock can be wrong, and its line slow or away.

Resource            ../../../resources/browser.resource
Library             ../../support/CookiePages.py
Library             ../../support/WebSocketServer.py

Suite Setup         Ensure Browser Is Open
Suite Teardown      Close Browser    ALL
Test Setup          Open A Browser Window
Test Teardown       Close Context


*** Variables ***
${SCRIPT}           ${CURDIR}/computer.js


*** Test Cases ***
Clock Is Ahead For Pages That Are Opened Afterwards
    [Documentation]    A page that is there keeps the right time.
    Open A Page
    Shift Clock    7200
    Page Should Be Ahead By    0
    Open A Page
    Page Should Be Ahead By    120

Clock Is Behind
    [Documentation]    By a number below zero.
    Shift Clock    -600
    Open A Page
    Page Should Be Ahead By    -10

Other Windows Have The Right Time
    [Documentation]    Only the current one stands for that computer.
    Shift Clock    7200
    Open A Browser Window
    Open A Page
    Page Should Be Ahead By    0

Dates That Are Named Are Themselves
    [Documentation]    Only what the time is now is changed.
    Shift Clock    7200
    Open A Page
    ${date}    Call Page Function    ${SCRIPT}    beginningOfTime
    Should Be Equal    ${date}    1970-01-01T00:00:00.000Z

Line Is Slow
    [Documentation]    The page's script is told many times how far its upload is.
    Open A Page
    Narrow Uplink    200000
    ${places}    Call Page Function    ${SCRIPT}    placesOfUpload    size=${200000}
    Should Be True    $places >= 3

Other Pages Have Their Own Line
    [Documentation]    What one page is slowed down by is no other page's.
    Open A Page
    Narrow Uplink    1
    Open A Page
    Call Page Function    ${SCRIPT}    placesOfUpload    size=${200000}

Line Is Away And Comes Back
    [Documentation]    What is open ends, and nothing new gets through meanwhile.
    Open A Page
    Socket Should Open    ${True}
    Cut Line
    Server Should Have Connections    0
    Socket Should Open    ${False}
    Sockets Should Be    0
    Restore Line
    Socket Should Open    ${True}
    Sockets Should Be    1

Other Windows Keep Their Line
    [Documentation]    Only the current one's is away.
    Open A Page
    Cut Line
    Open A Browser Window
    Open A Page
    Socket Should Open    ${True}

What Is No Number Is Refused
    [Documentation]    Before anything is done.
    Open A Page
    Run Keyword And Expect Error    *'rate' got value 'slow' that cannot be converted to integer*    Narrow Uplink    slow
    Run Keyword And Expect Error    *'seconds' got value 'late' that cannot be converted to float*    Shift Clock    late

Without A Page There Is No Line
    [Documentation]    The browser says so itself.
    Run Keyword And Expect Error    *page*    Narrow Uplink    1000


*** Keywords ***
Socket Should Open
    [Documentation]    The page opens a socket more, or tries to.
    [Arguments]    ${wanted}
    ${server}    Server URL
    ${opened}    Call Page Function    ${SCRIPT}    openSocket    url=${server}/echo
    Should Be Equal    ${opened}    ${wanted}

Sockets Should Be
    [Documentation]    Open ones of the page.
    [Arguments]    ${wanted}
    ${count}    Get Socket Count
    Should Be Equal As Integers    ${count}    ${wanted}

Open A Page
    [Documentation]    A new one in the current window.
    ${origin}    Cookie Pages URL
    New Page    ${origin}/

Page Should Be Ahead By
    [Documentation]    Of the test's own clock, so many minutes.
    [Arguments]    ${minutes}
    ${seen}    Call Page Function    ${SCRIPT}    minutesAhead    now=${{time.time()}}
    Should Be Equal As Integers    ${seen}    ${minutes}
