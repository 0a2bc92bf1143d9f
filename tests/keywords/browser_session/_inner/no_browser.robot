*** Settings ***
Documentation       Adds a cookie where no browser is. It runs inside of `cookies.robot` only.

Library             realstack.BrowserSession


*** Test Cases ***
Nothing To Add It To
    [Documentation]    The Browser library is not imported.
    ${cookie}    Evaluate    robot.api.types.Secret('x')    modules=robot.api.types
    Add Secret Cookie    refresh_token    ${cookie}    url=http://127.0.0.1/
