*** Settings ***
Documentation       What answers may take and which tools they need, as keywords: declared, judged, bad input.
Library             realstack.History    vocabulary=${CURDIR}/../../../resources/adapters/reference/vocabulary.yaml
Library             frames.py
Test Setup          Ask On A Tab


*** Test Cases ***
Answers Are Judged By The Pace That Was Declared
    Record Answer Pace    first_word=1 min    longest_gap=1 min    end=2 min
    Answer    tab    q    pieces=${3}
    Law Should Hold    answers-flow    within=0 s    answers=1    pieces=3

Answer That Is Late Names What Was
    Record Answer Pace    first_word=0 s
    Answer    tab    q
    Run Keyword And Expect Error
    ...    answers-flow violated: the first word of the answer r-1 came late to tab: it must within 0 s, because it was asked for*
    ...    Law Should Hold    answers-flow    within=0 s

Without A Declared Pace There Is No Verdict
    Answer    tab    q
    Run Keyword And Expect Error    INVALID: answers-flow: Only 0 bounds, at least 1 must be seen.*
    ...    Law Should Hold    answers-flow    within=0 s

Tools Are Called In Their Order With Their Arguments
    Record Expected Tools    q    calculator: 6 * 7    summary
    Answer    tab    q    calculator: 6 * 7    summary: two sentences
    Law Should Hold    right-tools    within=0 s    calls=2

Another Argument Is Named
    Record Expected Tools    q    calculator: 6 * 7
    Answer    tab    q    calculator: 6 * 8
    Run Keyword And Expect Error
    ...    right-tools violated: the run r-1 called calculator with '6 * 8' on tab: it must call calculator with '6 * 7'*
    ...    Law Should Hold    right-tools    within=0 s

Agent That Is Free Is Bound All The Same
    Record Expected Tools    q    forbidden=send_mail, delete_file    most=2
    Answer    tab    q    search: a    search: b    search: c
    Run Keyword And Expect Error
    ...    right-tools violated: the run r-1 called search with 'c' on tab: it must call tools 2 times at most*
    ...    Law Should Hold    right-tools    within=0 s

Forbidden Tool Is Named
    Record Expected Tools    q    forbidden=send_mail, delete_file
    Answer    tab    q    delete_file: all
    Run Keyword And Expect Error    right-tools violated: the run r-1 called delete_file with 'all' on tab: it must not*
    ...    Law Should Hold    right-tools    within=0 s

What Has Come Is There At Once
    Tabs Should Be Greeted    tab
    Message Should Be Acknowledged    tab    q    timeout=0 s
    Answer    tab    q
    ${text}    Answer Should Reach    q    tab    timeout=0 s
    Should Be Equal    ${text}    ${EMPTY}

The Last Answer Is Told
    Run Keyword And Expect Error    Expected: an answer has come to its end on 'tab'.\nSeen: none has.*    Get Last Answer    tab
    Answer    tab    q    text=six times seven
    ${text}    Get Last Answer    tab
    Should Be Equal    ${text}    six times seven

What Comes Is Waited For
    Exchange Soon    tab    later
    Message Should Be Acknowledged    tab    later

The Answer Of Another Message Is None
    Answer    tab    another
    Run Keyword And Expect Error
    ...    Expected: the whole answer to message q reaches 'tab' within 0 s.\nSeen: no run that answers it began there.*
    ...    Answer Should Reach    q    tab    timeout=0 s

An Answer That Is Under Way Is Not There
    Answer    tab    q    complete=${False}
    Run Keyword And Expect Error    *Seen: its run there is at 'chunk', after 3 events.*
    ...    Answer Should Reach    q    tab    timeout=0 s

Another Tab Was Told Nothing
    Open Tab    beside    account=account-ann
    Run Keyword And Expect Error    *Seen: 0 other acknowledgements there.*
    ...    Message Should Be Acknowledged    beside    q    timeout=0 s
    Run Keyword And Expect Error    *Seen: greeted are beside, tab.*    Tabs Should Be Greeted    nobody's    timeout=0 s


*** Keywords ***
Ask On A Tab
    [Documentation]    A user asks something on a tab.
    Register Tab    tab    user=ann
    Open Tab    tab    account=account-ann
    Exchange    tab    q    ${1}    tab
