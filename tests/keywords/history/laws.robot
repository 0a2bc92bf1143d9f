*** Settings ***
Documentation       Laws, floors and receipts as keywords: verdicts, texts of errors, waiting, bad input.
Library             realstack.History    vocabulary=${CURDIR}/../../../resources/adapters/reference/vocabulary.yaml
Library             frames.py
Test Setup          Open Two Tabs


*** Test Cases ***
Laws That Hold Pass And Tell Their Counts
    Exchange    tab 1    a    ${1}    tab 1    tab 2
    Exchange    tab 1    b    ${2}    tab 1    tab 2
    ${rows} =    Stored Rows    a    b
    Record Stored Messages    ${rows}
    Laws Should Hold    acked-is-kept    exactly-once    same-order    from-somebody
    Law Should Hold    exactly-once    messages=2    tabs=2

A Violation Names The Law, The Witness And The Law's Sentence
    Exchange    tab 1    a    ${1}    tab 1    tab 1
    Run Keyword And Expect Error
    ...    exactly-once violated: tab 1 received m-1 twice: it must once, because *; however, *Law: No message is stored twice, *
    ...    Law Should Hold    exactly-once

All Laws Are Judged And All Violations Reported
    Exchange    tab 1    a    ${1}    tab 1    tab 1
    Deliver    tab 2    ghost    ${2}
    Run Keyword And Expect Error    exactly-once violated: *from-somebody violated: *
    ...    Laws Should Hold    exactly-once    same-order    from-somebody    within=0 s

Too Little Evidence Is Invalid And No Pass
    Run Keyword And Expect Error    INVALID: exactly-once: Only 0 messages, at least 1 must be seen.*
    ...    Law Should Hold    exactly-once    within=0 s
    Exchange    tab 1    a    ${1}    tab 1
    Run Keyword And Expect Error    INVALID: exactly-once: Only 1 messages, at least 5 must be seen.*
    ...    Law Should Hold    exactly-once    within=0 s    messages=5

What Is Still Under Way Is Waited For
    Exchange    tab 1    a    ${1}    tab 1
    ${rows} =    Stored Rows    a
    Record Stored Messages    ${rows}
    Deliver Soon    tab 2    a    ${1}
    Law Should Hold    acked-is-kept    within=5 s

What Came While Another Law Waited Is Judged
    Exchange    tab 1    a    ${1}    tab 1
    ${rows} =    Stored Rows    a
    Record Stored Messages    ${rows}
    Deliver Soon    tab 1    a    ${1}    tab 2    seconds=${0.15}
    Run Keyword And Expect Error    exactly-once violated: tab 1 received m-1 twice: *
    ...    Laws Should Hold    exactly-once    acked-is-kept    within=5 s

What Is Missing Of What Came Meanwhile Is Waited For
    Answer On One Tab And Tell The Other Soon
    Answer Soon    tab 2    a    seconds=${0.6}
    Laws Should Hold    agent-stream    acked-is-kept    within=5 s
    Get Activity    run events    ==    ${8}

What Is Missing Of What Came Meanwhile Fails At The End Of Its Wait
    Answer On One Tab And Tell The Other Soon
    Run Keyword And Expect Error    agent-stream violated: tab 2 saw nothing of the run r-1 but its answer: *
    ...    Laws Should Hold    agent-stream    acked-is-kept    within=0.5 s

What Is Missing Fails At The End Of The Wait
    Exchange    tab 1    a    ${1}    tab 1
    ${rows} =    Stored Rows    a
    Record Stored Messages    ${rows}
    Run Keyword And Expect Error    acked-is-kept violated: tab 2 never received m-1: it must, because *
    ...    Law Should Hold    acked-is-kept    within=0.1 s

Robot Timeouts End The Wait
    [Timeout]    40 s
    TRY
        Wait A Minute For A Law
    EXCEPT    Keyword timeout 200 milliseconds exceeded.
        No Operation
    END

Floors And Receipts
    Record Fault    cut    target=link
    Exchange    tab 1    a    ${1}    tab 1
    ${count} =    Floor Should Be Met    sends    during=outage    at_least=1
    Should Be Equal    ${count}    ${1}
    Run Keyword And Expect Error    INVALID: Expected: at least 5 sends during cut, *Seen: 1*
    ...    Floor Should Be Met    sends    during=cut    at_least=5
    Run Keyword And Expect Error    INVALID: *The fault cut, begun at *, was never ended.*    Receipts Should Be In
    Record Fault End    cut
    Run Keyword And Expect Error    INVALID: *has no receipt.*    Receipts Should Be In

A Receipt Proves A Fault
    Record Fault    cut    target=link
    Fault Should Have Been Injected    cut    outage
    Run Keyword And Expect Error    INVALID: Expected: the fault other in this test's history*Seen: faults: *cut*
    ...    Fault Should Have Been Injected    cut    other
    VAR    &{receipt}    dropped=${7}
    Record Fault End    cut    receipt=${receipt}
    Receipts Should Be In

No Fault Needs No Receipt But Proves Nothing
    Run Keyword And Expect Error    INVALID: Expected: a fault in this test*    Receipts Should Be In

Bad Input Is Explained
    Run Keyword And Expect Error    Expected: the id of a law: acked-is-kept, *Seen: 'exactly-twice'
    ...    Law Should Hold    exactly-twice
    Run Keyword And Expect Error    Expected: at least one law: *    Laws Should Hold
    Run Keyword And Expect Error    Expected: an activity: sends, *Seen: 'jumps'
    ...    Floor Should Be Met    jumps    at_least=1
    Run Keyword And Expect Error    Expected: a fault 'storm' in this test's history*
    ...    Floor Should Be Met    sends    at_least=1    during=storm
    Run Keyword And Expect Error    Expected: a count of the law exactly-once: messages, *
    ...    Law Should Hold    exactly-once    apples=1
    Run Keyword And Expect Error    Expected: stored messages as a list of dictionaries*
    ...    Record Stored Messages    rows
    Run Keyword And Expect Error    *canary of 8 characters*    Add Canary    ann    short

Verdicts And Activity Can Be Asserted
    Exchange    tab 1    a    ${1}    tab 1
    Get Verdict    exactly-once    ==    holds
    Get Activity    sends    ==    ${1}
    Run Keyword And Expect Error    Verdict of exactly-once: 'holds' * should be 'violated' *
    ...    Get Verdict    exactly-once    ==    violated

A Canary Is Made And Searched For
    Register Tab    tab 3    user=bob
    Open Tab    tab 3    account-bob
    ${canary} =    Add Canary    ann
    Should Match Regexp    ${canary}    ^canary-[0-9a-f]{16}$
    Exchange    tab 1    a    ${1}    tab 1    text=hello ${canary}
    Law Should Hold    no-crosstalk
    Record Seen    bob    keys of Redis    limit ${canary}
    Run Keyword And Expect Error    no-crosstalk violated: keys of Redis of bob holds the canary of ann*
    ...    Law Should Hold    no-crosstalk

What Nobody Foresaw In A Log Is Told
    Record Unforeseen    backend    ${{[]}}
    Law Should Hold    nothing-unforeseen    within=0 s    services=1
    Record Unforeseen    backend    ${{['Traceback (most recent call last):']}}
    Run Keyword And Expect Error    nothing-unforeseen violated: backend met what nobody foresaw: * Traceback *
    ...    Law Should Hold    nothing-unforeseen    within=0 s


*** Keywords ***
Open Two Tabs
    [Documentation]    Two tabs of one user, connected.
    Register Tab    tab 1    user=ann
    Register Tab    tab 2    user=ann
    Open Tab    tab 1    account-ann
    Open Tab    tab 2    account-ann

Answer On One Tab And Tell The Other Soon
    [Documentation]    A question is answered on a tab; soon the other one is told the answer and then the question, which a law
    ...    waits for.
    Exchange    tab 1    a    ${1}    tab 1
    Answer    tab 1    a
    Deliver    tab 1    answer to a    ${2}    run=run of a
    ${rows} =    Stored Rows    a
    Record Stored Messages    ${rows}
    Deliver Soon    tab 2    answer to a    ${2}    run=run of a    seconds=${0.05}
    Deliver Soon    tab 2    a    ${1}    seconds=${0.2}

Wait A Minute For A Law
    [Documentation]    Waits longer than its own time-out.
    [Timeout]    200 ms
    Law Should Hold    exactly-once    within=1 min
