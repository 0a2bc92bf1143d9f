*** Settings ***
Documentation       A stranger's first suite.
Library             realstack.Files


*** Test Cases ***
A Real Pdf
    [Documentation]    Passes at once.
    ${pdf} =    Make Pdf    hello.pdf
    Should Be True    $pdf["size"] > 100
