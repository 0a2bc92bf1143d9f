*** Settings ***
Documentation       A stranger's first suite.
Library             realstack.OAuth


*** Test Cases ***
A Signing Key
    [Documentation]    Passes at once.
    ${id} =    Create Signing Key    ${OUTPUT DIR}/key-${{uuid.uuid4()}}.pem
    Should Not Be Empty    ${id}
