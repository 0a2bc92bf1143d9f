*** Settings ***
Documentation       Tabs that come while something is being said.
Resource            ../resources/journey.resource
Resource            ../resources/tabs.resource
Suite Setup         Prepare The Journey
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
What Is Said Just When A Tab Comes Is Told It
    [Documentation]    In a conversation that it has not asked for, and that had messages before.
    ${nora} =    A Paid User    nora
    Open Tabs    ${nora}    first
    ${thread} =    A New Thread
    Ask    ${nora}    first    ${thread}    What is 2 + 2?
    Open Tabs    ${nora}    second
    Send Message    ${nora}    first    ${thread}    What is 3 + 3?
    Everything Said Should Be Everywhere    ${nora}
