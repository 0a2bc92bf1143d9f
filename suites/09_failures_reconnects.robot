*** Settings ***
Documentation       Many pages lose the platform at one moment, and do not come back to it all at once.
Resource            ../resources/journey.resource
Resource            ../resources/reconnects.resource
Suite Setup         Prepare The Journey Of Many Pages
Test Tags           needs-faults    needs-logs    needs-browser    wants-services-apart
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
Many Pages Come Back Spread Out
    [Documentation]    All connections of two users' pages break together, and new ones are refused for a while: the pages try
    ...    spread over the time that they wait, no more often than that allows, and are all back by themselves. What is lost for
    ...    a moment afterwards is had again soon.
    All Pages Should Be Online
    ${before} =    Break Connections Of All Pages
    Let Pages Try In Vain
    All Pages Should Come Back Spread Out    ${before}
    Short Loss Should Be Made Good Soon
