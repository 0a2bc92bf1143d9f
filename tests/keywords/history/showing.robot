*** Settings ***
Documentation       Timelines, transcripts, files and evidence; recordings from test to test.
Library             Collections
Library             OperatingSystem
Library             Process
Library             ../../../libraries/History.py
Library             frames.py
Suite Setup         Open The Suite's Tab
Suite Teardown      Withdraw Evidence    service logs    broken source


*** Variables ***
${ROOT}             ${CURDIR}/../../..
${TOKEN}            eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ


*** Test Cases ***
A Suite's Tab Is Open In Each Of Its Tests
    Exchange    suite tab    a    ${1}    suite tab
    Get Activity    connections    ==    ${1}
    Law Should Hold    exactly-once

Each Test Has A History Of Its Own
    Get Activity    connections    ==    ${1}
    Get Activity    sends    ==    ${0}

The Transcript Tells What Happened
    Exchange    suite tab    a    ${1}    suite tab    text=hello <b>there</b>
    ${transcript} =    Get Transcript    suite tab
    Should Match Regexp    ${transcript}    (?m)s\\s+suite tab\\s+→ send m-1 thread t-1 'hello <b>there</b>'$
    Should Match Regexp    ${transcript}    (?m)← ack m-1 thread t-1 seq 1$

Credentials Never Get Out
    Send With Token    suite tab    ${TOKEN}
    Record Note    suite tab    Authorization: Bearer abcdefgh12345678
    ${transcript} =    Get Transcript
    Should Not Contain    ${transcript}    eyJ
    Should Not Contain    ${transcript}    abcdefgh12345678
    Export History    ${OUTPUT DIR}/histories/credentials.jsonl
    ${content} =    Get File    ${OUTPUT DIR}/histories/credentials.jsonl
    Should Not Contain    ${content}    eyJhbGci
    Should Not Contain    ${content}    abcdefgh12345678

A Written History Is Judged Again Without The Platform
    Exchange    suite tab    a    ${1}    suite tab    suite tab
    Run Keyword And Expect Error    exactly-once violated: *    Law Should Hold    exactly-once
    Law Should Hold    from-somebody
    Export History    ${OUTPUT DIR}/histories/again.jsonl
    ${result} =    Judge Again    ${OUTPUT DIR}/histories/again.jsonl
    Should Be Equal As Integers    ${result.rc}    1    ${result.stdout}${result.stderr}
    Should Contain    ${result.stdout}    exactly-once violated: suite tab received m-1 twice
    Should Contain    ${result.stdout}    from-somebody: 1 delivery
    Should Not Contain    ${result.stdout}    DIFFERS

The Timeline Draws Faults And Services
    Record Fault    cut    target=link
    Exchange    suite tab    a    ${1}    suite tab
    Record Fault End    cut
    Show Timeline

A Failure Shows Law, Witness, Tabs And Evidence
    Offer Evidence    service logs    backend: <i>could not commit</i>
    Offer Broken Evidence
    ${log} =    Set Variable    ${OUTPUT DIR}/inner
    ${python} =    Evaluate    sys.executable
    ${result} =    Run Process    ${python}    -m    robot    --outputdir    ${log}    --extension    txt
    ...    ${CURDIR}/failing/failing.txt
    Should Be Equal As Integers    ${result.rc}    1    ${result.stdout}${result.stderr}
    ${output} =    Get File    ${log}/output.xml
    Should Contain    ${output}    exactly-once violated: tab 1 received m-1 twice
    Should Contain    ${output}    What happened around it
    Should Contain    ${output}    could not commit
    Should Contain    ${output}    no log after
    Should Contain    ${output}    aria-label="Timeline of the test"
    Should Contain    ${output}    &amp;lt;i&amp;gt;could not commit
    File Should Exist    ${log}/histories/Failing.Delivered_Twice.jsonl


*** Keywords ***
Open The Suite's Tab
    Register Tab    suite tab    user=ann
    Open Tab    suite tab    account-ann

Judge Again
    [Arguments]    ${file}
    ${python} =    Evaluate    sys.executable
    ${result} =    Run Process    ${python}    -m    realstack.history    judge    ${file}    env:PYTHONPATH=${ROOT}/libraries
    RETURN    ${result}
