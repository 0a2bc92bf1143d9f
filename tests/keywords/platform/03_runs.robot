*** Settings ***
Documentation    Runs of Robot Framework of their own: time limits, deaths, bad starts, and what is left after them.

Library          OperatingSystem
Library          Process

Test Template    Run Should End With


*** Variables ***
${RUNS}    ${CURDIR}/_runs


*** Test Cases ***    RUN    OPTIONS    EXPECTED
Robot's Time Limit Ends A Wait And The Service Comes Back
    time_out    ${EMPTY}
    ...    Keyword timeout 300 milliseconds exceeded.
    ...    2 tests, 1 passed, 1 failed
A Service That Dies Fails The Test And Comes Back
    death    ${EMPTY}
    ...    redis (PID
    ...    ended by signal 9, and no test asked it to. The end of its log:
    ...    Ready to accept connections
    ...    2 tests, 1 passed, 1 failed
An Unknown Platform Stops The Run
    bad_start    PLATFORM:embeded
    ...    Expected: PLATFORM is an adapter (
    ...    one of reference's drivers (compose, embedded, external)
    ...    Did you mean 'embedded'?
    ...    1 test, 0 passed, 1 failed
An Unknown Profile Stops The Run
    bad_start    PROFILE:fst
    ...    Expected: PROFILE is one of fast, patient, plan, soak.
    ...    Did you mean 'fast'?
    ...    1 test, 0 passed, 1 failed
A Wrong Figure Stops The Run
    bad_start    SOAK_DURATION:long
    ...    Expected: figure 'load_duration' is a number, a duration
    ...    1 test, 0 passed, 1 failed
A Wrong Folder Of Sources Stops The Run
    bad_start    PLATFORM_SOURCES:/nowhere
    ...    'sources' in embedded.yaml is the folder of the platform's sources.
    ...    1 test, 0 passed, 1 failed
An External Platform Without Addresses Stops The Run
    bad_start    PLATFORM:external
    ...    robot --variable PLATFORM:external --variablefile mine.yaml suites/
    ...    1 test, 0 passed, 1 failed


*** Keywords ***
Run Should End With
    [Documentation]    Runs a suite of _runs in a process of its own, and looks for texts in what it says.
    [Arguments]    ${name}    ${variable}    @{expected}
    VAR    @{options}    --output    NONE    --log    NONE    --report    NONE
    ...    --outputdir    ${OUTPUT_DIR}/platform-runs
    IF    $variable    VAR    @{options}    @{options}    --variable    ${variable}
    VAR    @{command}    ${{sys.executable}}    -m    robot    @{options}    ${RUNS}/${name}.robot
    ${result}    Run Process    @{command}    timeout=60s    on_timeout=kill    stderr=STDOUT
    FOR    ${text}    IN    @{expected}
        Should Contain    ${result.stdout}    ${text}
    END
