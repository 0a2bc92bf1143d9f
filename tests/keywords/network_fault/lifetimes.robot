*** Settings ***
Documentation       Faults end with the test or suite that made them. These tests depend on their order.

Library             realstack.NetworkFault
Library             ../../support/EchoServer.py

Suite Setup         Open Proxy Of The Suite


*** Test Cases ***
Test Leaves A Cut Link And A Toxic
    Define Link    echo    127.0.0.1    ${TARGET}
    Cut Link    echo    max=60s
    Stall Link    of-suite
    Open Proxy Link    of-test    127.0.0.1    ${TARGET}
    Get Toxics    of-suite    !=    ${EMPTY}

Everything Works Again
    Connect Client    direct
    Client Should Hear    hello    direct
    Get Toxics    of-suite    ==    ${EMPTY}
    Connect Client    proxied    ${PORT}
    Client Should Hear    hello    proxied
    Run Keyword And Expect Error    No proxy link has the alias 'of-test'. Open are: of-suite.*    Get Toxics    of-test
    Run Keyword And Expect Error    There is no link 'echo'.*    Link Should Work    echo
    Run Keyword And Expect Error    Link 'echo' was not cut in this test.*    Get Link Receipt    echo


*** Keywords ***
Open Proxy Of The Suite
    [Documentation]    In a suite setup it belongs to the suite.
    ${target} =    Echo Server Port
    ${address} =    Open Proxy Link    of-suite    127.0.0.1    ${target}
    VAR    ${TARGET}    ${target}    scope=SUITE
    VAR    ${PORT}    ${{int($address.rpartition(':')[2])}}    scope=SUITE
