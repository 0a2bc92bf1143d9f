*** Settings ***
Documentation    Runs of Robot Framework of their own: time limits, deaths, bad starts, and what is left after them.

Resource         runs.resource

Test Template    Run Should End With


*** Test Cases ***    RUN    EXPECTED
An Unknown Platform Stops The Run
    bad platform
    ...    Expected: PLATFORM is an adapter (
    ...    one of reference's drivers (compose, embedded, external, google)
    ...    Did you mean 'embedded'?
    ...    1 test, 0 passed, 1 failed
An Unknown Profile Stops The Run
    bad profile
    ...    Expected: PROFILE is one of fast, patient, plan, soak.
    ...    Did you mean 'fast'?
    ...    1 test, 0 passed, 1 failed
A Wrong Figure Stops The Run
    bad figure
    ...    Expected: figure 'load_duration' is a number, a duration
    ...    1 test, 0 passed, 1 failed
A Wrong Folder Of Sources Stops The Run
    bad sources
    ...    'sources' in embedded.yaml is the folder of the platform's sources.
    ...    1 test, 0 passed, 1 failed
An External Platform Without Addresses Stops The Run
    bad external
    ...    robot --variable PLATFORM:external --variablefile mine.yaml suites/
    ...    1 test, 0 passed, 1 failed
Robot's Time Limit Ends A Wait And The Service Comes Back
    [Setup]    Begin Run Without Files    time_out    time_out
    time_out
    ...    Keyword timeout 300 milliseconds exceeded.
    ...    2 tests, 1 passed, 1 failed
A Service That Dies Fails The Test And Comes Back
    [Setup]    Begin Run Without Files    death    death
    death
    ...    redis (PID
    ...    ended by signal 9, and no test asked it to. The end of its log:
    ...    Ready to accept connections
    ...    2 tests, 1 passed, 1 failed


*** Keywords ***
Run Should End With
    [Documentation]    Waits for a run that was begun, and looks for texts in what it says.
    [Arguments]    ${alias}    @{expected}
    ${run}    Wait For Run    ${alias}
    FOR    ${text}    IN    @{expected}
        Should Contain    ${run.stdout}    ${text}
    END
