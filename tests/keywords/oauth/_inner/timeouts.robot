*** Settings ***
Documentation       Keywords that Robot's own time-outs end. They run inside of `rogue.robot` only.

Library             realstack.OAuth

Suite Setup         Start A Slow Provider


*** Test Cases ***
Test Time-Out
    [Timeout]    300 ms
    Send Request    GET    ${REQUEST.url}    status=302
    Exchange The Code

Keyword Time-Out
    Exchange Hastily

Session Still Works
    [Documentation]    What was ended leaves the session and the provider usable.
    Send Request    GET    ${REQUEST.url}    status=302


*** Keywords ***
Start A Slow Provider
    [Documentation]    Its token endpoint takes 10 s.
    ${issuer}    Start Rogue Provider
    Open Provider    ${issuer}    client    redirect_uri=http://127.0.0.1:9/callback    timeout=20 s
    Open Session
    ${request}    Create Authorization Request
    VAR    ${REQUEST}    ${request}    scope=SUITE

Exchange Hastily
    [Documentation]    Gives up before the provider answers.
    [Timeout]    300 ms
    Exchange The Code

Exchange The Code
    [Documentation]    Asks the slow token endpoint.
    Set Rogue Scenario    token-slow    slowness=10 s
    Request Client Tokens
