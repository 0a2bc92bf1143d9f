*** Settings ***
Documentation       A stranger's first suite.
Library             realstack.NetworkFault


*** Test Cases ***
A Link Through A Proxy
    [Documentation]    Passes at once: nobody needs to listen behind the proxy.
    Open Proxy Link    nowhere    127.0.0.1    9
    Get Proxy Connections    nowhere    ==    0
    Close Proxy Link    nowhere
