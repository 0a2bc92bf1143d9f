*** Settings ***
Documentation       Credentials stay out of the log, and a log that has one is found.

Resource            ../support/inner_runs.resource
Library             OperatingSystem
Library             realstack.OAuth

Suite Setup         Begin All Inner Tests
Suite Teardown      Remove Directory    ${INNER}    recursive=True


*** Variables ***
${INNER}            ${OUTPUT_DIR}/inner secrets
${LIBRARIES}        ${CURDIR}/../../../libraries
${PYTHON}           ${{sys.executable}}
${TOKEN}            ${{'inner-token-' + secrets.token_urlsafe(24)}}


*** Test Cases ***
Credential In A Message Is Masked And Fails Its Test
    ${run}    Inner Test Should End    In A Message    1
    Should Contain    ${run.stdout}    Expected: no credential reaches the log.
    Should Contain    ${run.stdout}    (token of the inner suite) in a message at INFO of BuiltIn.Log
    Files Should Hold No Token    In A Message

Credential In Base64 Is Masked As Well
    Inner Test Should End    In Base64    1
    Files Should Hold No Token    In Base64

Credential In A Failure Is Masked
    ${run}    Inner Test Should End    In A Failure    1
    Should Contain    ${run.stdout}    Could not use <hidden>
    Files Should Hold No Token    In A Failure

Credential That Is Cut Off Is Masked
    Inner Test Should End    Cut Off    1
    Files Should Hold No Token    Cut Off

Secret That Is Only Passed Around Is Fine
    Inner Test Should End    Only Passed Around    0
    ${check}    Check Inner Files    Only Passed Around
    Should Be Equal As Integers    ${check.rc}    0
    Should Contain    ${check.stdout}    files searched for 1 of 1 credentials

Leak That Robot Did Not Write Is Found Afterwards
    Inner Test Should End    In Another File    0
    ${check}    Check Inner Files    In Another File
    Should Be Equal As Integers    ${check.rc}    1
    Should Contain    ${check.stdout}    service.log:2: #1 (token of the inner suite)

Check Without Fingerprints Explains Itself
    ${check}    Run Process
    ...    ${PYTHON}    -m    realstack.secrets    check    ${CURDIR}/secrets.robot
    ...    env:PYTHONPATH=${LIBRARIES}
    Should Be Equal As Integers    ${check.rc}    2
    Should Contain    ${check.stderr}    There is no

Running Output Is Searched
    ${secret}    Evaluate    robot.api.types.Secret(secrets.token_urlsafe(24))    modules=robot.api.types,secrets
    Remember Secret    ${secret}    word
    VAR    ${files}    ${INNER}/files
    Create File    ${files}/clean.txt    nothing here
    Output Should Hold No Secret    ${files}
    Evaluate    pathlib.Path($files, 'dirty.txt').write_text('x' + $secret.value)    modules=pathlib
    Run Keyword And Expect Error
    ...    *no credential in any file*1 lines with one*dirty.txt:1:*(word)*
    ...    Output Should Hold No Secret    ${files}
    Run Keyword And Expect Error    *files to search*there is no*    Output Should Hold No Secret    ${INNER}/none


*** Keywords ***
Begin All Inner Tests
    [Documentation]    Begins each test of the leaks at TRACE, in a process and a folder of its own.
    Remove Directory    ${INNER}    recursive=True
    VAR    @{tests}    In A Message    In Base64    In A Failure    Cut Off    Only Passed Around    In Another File
    FOR    ${test}    IN    @{tests}
        VAR    @{options}    --loglevel    TRACE    --outputdir    ${INNER}/${test}    --test    ${test}
        Begin Run    ${test}    @{options}    ${CURDIR}/_inner/leaks.robot    env:INNER_TOKEN=${TOKEN}
    END

Inner Test Should End
    [Documentation]    Waits for a test of the leaks; returns what was said.
    [Arguments]    ${test}    ${rc}
    ${run}    Wait For Run    ${test}
    Should Be Equal As Integers    ${run.rc}    ${rc}    ${run.stdout}
    RETURN    ${run}

Check Inner Files
    [Documentation]    Searches all that an inner run left behind.
    [Arguments]    ${test}
    ${check}    Run Process
    ...    ${PYTHON}    -m    realstack.secrets    check    ${INNER}/${test}
    ...    env:PYTHONPATH=${LIBRARIES}
    RETURN    ${check}

Files Should Hold No Token
    [Documentation]    Neither as it is, nor in any form that the check of the run's files knows.
    [Arguments]    ${test}
    ${text}    Get File    ${INNER}/${test}/output.xml
    Should Not Contain    ${text}    ${TOKEN}
    ${check}    Check Inner Files    ${test}
    Should Be Equal As Integers    ${check.rc}    0    ${check.stdout}
