*** Settings ***
Documentation       A stranger's first suite.
Library             realstack.BrowserSession


*** Test Cases ***
No Browser Is Open
    [Documentation]    Passes when the failure explains itself.
    ${cookie} =    Evaluate    robot.api.types.Secret("x")    modules=robot.api.types
    Run Keyword And Expect Error    *the Browser library*    Add Secret Cookie    a    ${cookie}    url=http://127.0.0.1/
