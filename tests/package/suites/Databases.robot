*** Settings ***
Documentation       A stranger's first suite.
Library             realstack.Databases


*** Test Cases ***
Nobody Listens
    [Documentation]    Passes when the failure explains itself.
    Run Keyword And Expect Error    *127.0.0.1:9*    Open Redis Session    r    redis://127.0.0.1:9
