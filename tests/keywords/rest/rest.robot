*** Settings ***
Documentation       Sessions for RequestsLibrary: its own keywords use them, and nothing that they log holds a credential.

Resource            ../support/inner_runs.resource
Library             Collections
Library             OperatingSystem
Library             RequestsLibrary
Library             realstack.Rest
Library             realstack.OAuth
Library             ../../support/RestPages.py

Suite Setup         Open Session Of The Suite
Test Setup          Open Session Of The Test


*** Variables ***
${INNER}            ${OUTPUT_DIR}/inner rest
${PYTHON}           ${{sys.executable}}
${TOKEN}            ${{'inner-token-' + secrets.token_urlsafe(24)}}


*** Test Cases ***
Keywords Of RequestsLibrary Use The Session
    [Documentation]    Their statuses, their bodies, and their names of statuses.
    ${answer} =    GET On Session    ann    /echo    params=a=1    expected_status=200
    Should Be Equal    ${answer.json()}[path]    /echo?a=1
    VAR    &{body}    title=Sums
    ${answer} =    POST On Session    ann    /echo    json=${body}    expected_status=created
    Should Be Equal    ${answer.json()}[body]    {"title": "Sums"}
    GET On Session    ann    /nowhere    expected_status=any
    Status Should Be    404
    Run Keyword And Expect Error    *404*    GET On Session    ann    /nowhere

Access Token Is Sent And Comes Back As A Secret
    ${credential} =    Evaluate    robot.api.types.Secret($TOKEN)
    ${answer} =    GET On Session    ann    /echo    auth=${credential}
    Should Be True    $answer.json()['headers']['authorization'].value == 'Bearer ' + $credential.value
    Should Contain    ${answer.text}    "authorization": "<hidden>"
    Should Be True    $credential.value.encode() in $answer.content

Redirect Is A Fact
    [Documentation]    Nobody follows it.
    ${answer} =    GET On Session    ann    /moved    expected_status=302
    Should Start With    ${answer.headers}[location]    /echo

File Is Sent As Part Of A Form
    ${part} =    Get File Part    ${CURDIR}/rest.robot    name=report.pdf
    VAR    &{files}    file=${part}
    VAR    &{form}    thread=t1
    ${answer} =    POST On Session    ann    /files    files=${files}    data=${form}
    Should Contain    ${answer.json()}[body]    filename="report.pdf"
    Should Contain    ${answer.json()}[body]    application/pdf
    Run Keyword And Expect Error    *a file to upload*    Get File Part    ${CURDIR}/none.pdf

Exchange Has A Time Limit
    [Documentation]    Of the session, or of the request, in seconds.
    Run Keyword And Expect Error    *is answered within 0.1 s*    GET On Session    ann    /silent    timeout=0.1
    Open Rest Session    hasty    ${URL}    timeout=100 ms
    Run Keyword And Expect Error    *is answered within 0.1 s*    GET On Session    hasty    /silent

Session Of The Suite Outlives Its Tests
    GET On Session    suite    /echo

Alias Is Free Again After The Test
    [Documentation]    The session of the last test is closed, and another one has its name.
    Run Keyword And Expect Error    *'ann' is taken*    Open Rest Session    ann    ${URL}
    Close Rest Session    ann
    Run Keyword And Expect Error    *'ann' was closed*    GET On Session    ann    /echo
    Open Rest Session    ann    ${URL}
    GET On Session    ann    /echo

No Credential Reaches The Log
    [Documentation]    Not even at TRACE; that the same would be found without Rest is the control.
    Inner Test Should Pass    By A Session Of Rest
    ${check} =    Run Process    ${PYTHON}    -m    realstack.secrets    check    ${INNER}/By A Session Of Rest
    Should Be Equal As Integers    ${check.rc}    0    ${check.stdout}
    Inner Test Should Pass    By RequestsLibrary Alone
    ${text} =    Get File    ${INNER}/By RequestsLibrary Alone/output.xml
    Should Contain    ${text}    ${TOKEN}
    [Teardown]    Remove Directory    ${INNER}    recursive=True


*** Keywords ***
Open Session Of The Suite
    [Documentation]    One that lives until the suite ends.
    ${url} =    Get Rest Pages Url
    VAR    ${URL}    ${url}    scope=SUITE
    Open Rest Session    suite    ${URL}
    Begin Inner Tests    By A Session Of Rest    By RequestsLibrary Alone

Open Session Of The Test
    [Documentation]    One that is closed with its test.
    Open Rest Session    ann    ${URL}

Begin Inner Tests
    [Documentation]    Begins tests at TRACE, each in a process and a folder of its own.
    [Arguments]    @{tests}
    Remove Directory    ${INNER}    recursive=True
    FOR    ${test}    IN    @{tests}
        VAR    @{options}    --loglevel    TRACE    --outputdir    ${INNER}/${test}    --test    ${test}
        Begin Run    ${test}    @{options}    ${CURDIR}/_inner/talkative.robot
        ...    env:INNER_TOKEN=${TOKEN}    env:INNER_URL=${URL}
    END

Inner Test Should Pass
    [Documentation]    Waits for one that was begun.
    [Arguments]    ${test}
    ${run} =    Wait For Run    ${test}
    Should Be Equal As Integers    ${run.rc}    0    ${run.stdout}
