*** Settings ***
Documentation       What stands anywhere in a long document is found, by value.
Resource            ../resources/journey.resource
Resource            ../resources/facts.resource
Suite Setup         Prepare The Journey Of Files
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Tags           wants-upload


*** Test Cases ***
A Fact Is Found Wherever It Stands
    [Documentation]    At the beginning, in the middle and at the end of a document of twelve pages.
    [Tags]    wants-computed-answers    wants-exact-answers
    [Setup]    Prepare User Who Uploads    kit    paid
    Facts Should Be Found Wherever They Stand    ${USER}    ${THREAD}
