*** Settings ***
Documentation       Run by files.robot, in this order.

Library             OperatingSystem
Library             realstack.Files

Suite Setup         Make Suite's File


*** Test Cases ***
Suite's File Is There
    [Documentation]    It was made in the suite's setup.
    File Should Exist    ${SUITE_FILE}[path]

Test's File Is There
    [Documentation]    Until this test ends.
    ${file}    Make Empty File
    VAR    ${TEST_FILE}    ${file}[path]    scope=SUITE
    File Should Exist    ${TEST_FILE}

Test's File Is Gone
    [Documentation]    With its folder.
    File Should Not Exist    ${TEST_FILE}
    Directory Should Not Exist    ${{ pathlib.Path($TEST_FILE).parent }}

Suite's File Is Still There
    [Documentation]    It ends with the suite.
    File Should Exist    ${SUITE_FILE}[path]


*** Keywords ***
Make Suite's File
    [Documentation]    Stays until the suite ends.
    ${file}    Make Pdf
    VAR    ${SUITE_FILE}    ${file}    scope=SUITE
