*** Settings ***
Documentation       Credentials stay out of the log, and a log that has one is found.

Library             OperatingSystem
Library             Process
Library             realstack.OAuth


*** Variables ***
${INNER}            ${OUTPUT_DIR}/inner secrets
${LIBRARIES}        ${CURDIR}/../../../libraries
${PYTHON}           ${{sys.executable}}
${TOKEN}            ${{'inner-token-' + secrets.token_urlsafe(24)}}


*** Test Cases ***
Credential In A Message Is Masked And Fails Its Test
    ${run}    Run Inner Test    In A Message    1
    Should Contain    ${run.stdout}    Expected: no credential reaches the log.
    Should Contain    ${run.stdout}    (token of the inner suite) in a message at INFO of BuiltIn.Log
    Files Should Hold No Token

Credential In Base64 Is Masked As Well
    Run Inner Test    In Base64    1
    Files Should Hold No Token

Credential In A Failure Is Masked
    ${run}    Run Inner Test    In A Failure    1
    Should Contain    ${run.stdout}    Could not use <hidden>
    Files Should Hold No Token

Credential That Is Cut Off Is Masked
    Run Inner Test    Cut Off    1
    Files Should Hold No Token

Secret That Is Only Passed Around Is Fine
    Run Inner Test    Only Passed Around    0
    ${check}    Check Inner Files
    Should Be Equal As Integers    ${check.rc}    0
    Should Contain    ${check.stdout}    files searched for 1 of 1 credentials

Leak That Robot Did Not Write Is Found Afterwards
    Run Inner Test    In Another File    0
    ${check}    Check Inner Files
    Should Be Equal As Integers    ${check.rc}    1
    Should Contain    ${check.stdout}    service.log:2: #1 (token of the inner suite)
    [Teardown]    Remove Directory    ${INNER}    recursive=True

Check Without Fingerprints Explains Itself
    ${check}    Run Process
    ...    ${PYTHON}    -m    realstack.secrets    check    ${CURDIR}/secrets.robot
    ...    env:PYTHONPATH=${LIBRARIES}
    Should Be Equal As Integers    ${check.rc}    2
    Should Contain    ${check.stderr}    There is no

Running Output Is Searched
    ${secret}    Evaluate    robot.api.types.Secret(secrets.token_urlsafe(24))    modules=robot.api.types,secrets
    Remember Secret    ${secret}    word
    Remove Directory    ${INNER}    recursive=True
    Create File    ${INNER}/clean.txt    nothing here
    Output Should Hold No Secret    ${INNER}
    Evaluate    pathlib.Path($INNER, 'dirty.txt').write_text('x' + $secret.value)    modules=pathlib
    Run Keyword And Expect Error
    ...    *no credential in any file*1 lines with one*dirty.txt:1:*(word)*
    ...    Output Should Hold No Secret    ${INNER}
    Run Keyword And Expect Error    *files to search*there is no*    Output Should Hold No Secret    ${INNER}/none
    [Teardown]    Remove Directory    ${INNER}    recursive=True


*** Keywords ***
Run Inner Test
    [Documentation]    Runs a test of the leaks at TRACE, in a process of its own.
    [Arguments]    ${name}    ${rc}
    Remove Directory    ${INNER}    recursive=True
    ${run}    Run Process
    ...    ${PYTHON}    -m    robot    --loglevel    TRACE    --outputdir    ${INNER}    --test    ${name}
    ...    ${CURDIR}/_inner/leaks.robot
    ...    env:INNER_TOKEN=${TOKEN}    stderr=STDOUT
    Should Be Equal As Integers    ${run.rc}    ${rc}    ${run.stdout}
    RETURN    ${run}

Check Inner Files
    [Documentation]    Searches all that the inner run left behind.
    ${check}    Run Process
    ...    ${PYTHON}    -m    realstack.secrets    check    ${INNER}
    ...    env:PYTHONPATH=${LIBRARIES}
    RETURN    ${check}

Files Should Hold No Token
    [Documentation]    Neither as it is, nor in any form that the check of the run's files knows.
    ${text}    Get File    ${INNER}/output.xml
    Should Not Contain    ${text}    ${TOKEN}
    ${check}    Check Inner Files
    Should Be Equal As Integers    ${check.rc}    0    ${check.stdout}
