*** Settings ***
Documentation       A page's elements by the names that a description gives them: waited for, read, watched, and found.

Resource            ../../../resources/browser.resource
Library             ../../support/CookiePages.py

Suite Setup         Ensure Browser Is Open
Suite Teardown      Close Browser    ALL
Test Setup          A Described Page
Test Teardown       Close Context


*** Variables ***
${SCRIPT}           ${CURDIR}/elements.js


*** Test Cases ***
Values Are Read As They Are Described
    [Documentation]    By attribute, by text, by an expression, by words and by selectors; what is not there is nothing.
    ${messages}    Read Elements    message
    VAR    &{first}    id=m-1    role=user    state=stored    text=What is 2 + 2?    visible=${True}
    Dictionaries Should Be Equal    ${messages}[0]    ${first}
    VAR    &{last}    id=${None}    role=agent    state=${None}    text=4    visible=${False}
    Dictionaries Should Be Equal    ${messages}[1]    ${last}
    ${notices}    Read Elements    limit notice
    Should Be Equal    ${notices}[0][wait]    1 min 3 s
    ${none}    Read Elements    upload
    Should Be Empty    ${none}

Elements Are Waited For By Their Values
    [Documentation]    Also those that come later, that are out of sight, and that go.
    Page Should Have    message    state=stored    role=user    text=2 + 2
    Page Should Have    message    exactly=1
    Page Should Have    message    exactly=2    visible=${False}
    Page Should Have    message    state=${None}
    Call Page Function    ${SCRIPT}    comeAndGo
    Page Should Have    message    state=late
    Page Should Have    limit notice    exactly=0

What Is There Instead Is Told
    [Documentation]    All elements of the name, with their values.
    Run Keyword And Expect Error
    ...    Expected: the page has 1 at least of 'message', state 'sent', within 0.05 s\nSeen: 2 of 'message':\n*'m-1'*text '4'*
    ...    Page Should Have    message    state=sent    timeout=50 ms
    Run Keyword And Expect Error    *has 3 of 'message'*    Page Should Have    message    exactly=3    timeout=50 ms

What Is Not Described Is Told
    [Documentation]    With what is near.
    Run Keyword And Expect Error    *element 'mesage'*Did you mean 'message'?*    Page Should Have    mesage
    Run Keyword And Expect Error    *'rol' of the element 'message'*    Page Should Have    message    rol=user
    Run Keyword And Expect Error    *element 'upload'*    Get Selector    upload

Selectors Are For Other Keywords
    [Documentation]    Where there are several, by the text.
    ${selector}    Get Selector    message    text=2 + 2
    Get Text    ${selector}    ==    What is 2 + 2?
    ${selector}    Get Selector    limit notice
    Get Element Count    ${selector}    ==    1

What Is Watched Is Kept
    [Documentation]    Each moment at which something else was shown, in order.
    Watch Elements    limit notice    limit notice.wait    message.state
    Call Page Function    ${SCRIPT}    comeAndGo
    Page Should Have    limit notice    exactly=0
    ${seen}    Get Watched Elements
    VAR    ${moments}    ${{[tuple(moment.values()) for moment in $seen]}}
    VAR    ${shown}    ${{[(True, '1 min 3 s', 'stored'), (True, '2 s', 'stored'), (False, None, 'stored')]}}
    Should Be Equal    ${moments}    ${shown}

Pages Keep Their Names After A Reload
    [Documentation]    And so do windows that a page opens.
    Reload
    Page Should Have    limit notice
    ${many}    Call Page Function    ${SCRIPT}    messagesBeside
    Should Be Equal As Integers    ${many}    2

What Pages Have Met Is Told
    [Documentation]    What no script caught, and what their own policy kept out, of closed pages, too; not of other sites.
    ${origin}    Cookie Pages URL
    New Page    ${origin}/strict
    Page Should Have    message
    Close Page
    @{met}    Get What Pages Have Met    ${origin}
    VAR    ${told}    ${{'\n'.join(sorted($met))}}
    Should Match Regexp    ${told}    ^/strict: Error: kept\n/strict: .*Content Security Policy.*\n/strict: ReferenceError: .*$
    ${met}    Get What Pages Have Met    http://127.0.0.2
    Should Be Empty    ${met}

Whom Pages Keep Out Is Told
    [Documentation]    Of pages that are open: those who use keys alone, and those who do not see them.
    ${origin}    Cookie Pages URL
    New Page    ${origin}/closed
    @{met}    Get What Pages Have Met    ${origin}
    VAR    ${told}    ${{'\n'.join(sorted(line for line in $met if line.startswith('/closed: ')))}}
    VAR    ${wanted}    SEPARATOR=\n
    ...    /closed: a "Home": keys reach it where nobody sees it
    ...    /closed: b "3 s": it counts down, and each second is told
    ...    /closed: button "": it can be used, and has no name
    ...    /closed: button "Menu": it is called or controlled by what is not there
    ...    /closed: html "": it does not say its language
    ...    /closed: img "": it is a picture without words
    ...    /closed: label "Name": it is called or controlled by what is not there
    ...    /closed: p "4": it is over, and says that it is busy
    ...    /closed: p "Nothing new": it changes, and nobody is told
    Should Be Equal    ${told}    ${wanted}

Conversations Have A Path
    [Documentation]    The page's own without an id; and the id is known where one is open.
    ${path}    Get Page Path
    Should Be Equal    ${path}    /
    ${path}    Get Page Path    t-1
    Should Be Equal    ${path}    /threads/t-1
    ${origin}    Cookie Pages URL
    ${before}    Call Page Function    ${SCRIPT}    conversation
    Should Be Equal    ${before}    ${None}
    Go To    ${origin}${path}
    ${open}    Call Page Function    ${SCRIPT}    conversation
    Should Be Equal    ${open}    t-1


*** Keywords ***
A Described Page
    [Documentation]    Two messages, one of them hidden, and a notice.
    Open A Browser Window
    Describe Page    ${CURDIR}/page.yaml
    ${origin}    Cookie Pages URL
    New Page    ${origin}/conversation
