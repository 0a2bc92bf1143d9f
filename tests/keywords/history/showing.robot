*** Settings ***
Documentation       Timelines, transcripts, files and evidence; recordings from test to test.
Library             Collections
Library             OperatingSystem
Library             Process
Library             realstack.History    vocabulary=${CURDIR}/../../../resources/adapters/reference/vocabulary.yaml
Library             frames.py
Suite Setup         Open The Suite's Tab


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
    ${output} =    Run The Failing Suite
    Should Contain    ${output}    exactly-once violated: tab 1 received m-1 twice
    Should Contain    ${output}    What happened around it
    Should Contain    ${output}    aria-label="Timeline of the test"
    Should Contain    ${output}    no log after    A broken source of evidence is told in its place
    Should Contain    ${output}    &amp;lt;i&amp;gt;could not commit    Evidence is escaped
    File Should Exist    ${OUTPUT DIR}/inner/histories/Failing.Delivered_Twice.jsonl


*** Keywords ***
Open The Suite's Tab
    [Documentation]    A connection that all tests share.
    Register Tab    suite tab    user=ann
    Open Tab    suite tab    account-ann

Judge Again
    [Documentation]    Runs the command on a written history.
    [Arguments]    ${file}
    ${result} =    Run Process    ${{sys.executable}}    -m    realstack.history    judge    ${file}
    ...    env:PYTHONPATH=${ROOT}/libraries
    RETURN    ${result}

Run The Failing Suite
    [Documentation]    Runs a suite that fails on purpose and returns its output.
    ${result} =    Run Process    ${{sys.executable}}    -m    robot    --outputdir    ${OUTPUT DIR}/inner
    ...    --extension    txt    ${CURDIR}/failing/failing.txt
    Should Be Equal As Integers    ${result.rc}    1    ${result.stdout}${result.stderr}
    ${output} =    Get File    ${OUTPUT DIR}/inner/output.xml
    RETURN    ${output}
