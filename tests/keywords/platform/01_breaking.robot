*** Settings ***
Documentation    What is done to a service is proven, and undone at the end of the test.

Library          Collections
Library          realstack.Platform


*** Variables ***
${PLATFORM}    ${CURDIR}/../../../resources/adapters/reference/embedded.yaml
${PROFILE}     ${CURDIR}/../../../resources/profiles/fast.yaml


*** Test Cases ***
A killed service is gone with all its processes
    ${before}    Get Service Pids    postgres-auth
    Kill Service    postgres-auth
    Service Should Be Down    postgres-auth
    Get Service Pids    postgres-auth    ==    ${{[]}}
    Get Service Pid    postgres-auth    ==    ${NONE}
    Length Should Be At Least    ${before}    2

It is back after the test that killed it
    Service Should Be Healthy    postgres-auth

A group is all its replicas
    Kill Service    postgres
    Service Should Be Down    postgres-auth
    Service Should Be Down    postgres-backend
    Start Service    postgres
    Wait Until Service Is Healthy    postgres

A paused service answers nobody and keeps its process
    ${pid}    Get Service Pid    redis
    Pause Service    redis
    Run Keyword And Expect Error
    ...    *Expected: redis is healthy.*no answer to PING*
    ...    Service Should Be Healthy
    ...    redis
    Run Keyword And Expect Error
    ...    *Expected: redis is down.*Its processes run: ${pid}*
    ...    Service Should Be Down
    ...    redis
    Resume Service    redis
    Service Should Be Healthy    redis
    Get Service Pid    redis    ==    ${pid}

A paused service goes on after its test
    Pause Service    redis

As it did here
    Service Should Be Healthy    redis

A service reads its files again while it runs
    ${pid}    Get Service Pid    postgres-auth
    ${now}    Mark Logs
    Reload Service    postgres-auth
    Wait For Log Line    postgres-auth    received SIGHUP    since=${now}
    Get Service Pid    postgres-auth    ==    ${pid}
    Run Keyword And Expect Error
    ...    Expected: a service that reads its files again while it runs: *postgres-auth*Seen: 'redis'*
    ...    Reload Service
    ...    redis

A stopped service can be started again
    Stop Service    clickhouse
    Service Should Be Down    clickhouse
    Start Service    clickhouse    wait=True
    Service Should Be Healthy    clickhouse

Changed settings hold for the test
    Restart Service    postgres-auth    max_connections=77
    Command Line Should Hold    postgres-auth    max_connections=77

Changed settings are gone after the test
    Command Line Should Hold    postgres-auth    max_connections=200

A failed test brings its services back, too
    Run Keyword And Expect Error    wanted    Kill And Fail    redis

Whatever failed in between
    Service Should Be Healthy    redis

A running service can't be started
    Run Keyword And Expect Error    redis runs already (PID *). Use [[]Restart Service] to start it anew.
    ...    Start Service    redis

A service that is down can't be broken
    Kill Service    redis
    Run Keyword And Expect Error
    ...    Expected: redis runs, so that it can be paused.*Remedy: Start it first.
    ...    Pause Service
    ...    redis
    Run Keyword And Expect Error    Expected: redis runs, so that it can be killed.*    Kill Service    redis

An unknown service is refused with those that there are
    Run Keyword And Expect Error
    ...    There is no service 'redi'. Services are: postgres-auth, *Groups are: agent, backend, postgres.
    ...    Kill Service    redi

A wrong setting shows what the service said
    Run Keyword And Expect Error
    ...    Expected: redis becomes healthy.*ended with exit code 1.*no-such-directive*
    ...    Restart Service    redis    no-such-directive=1

The platform is started only once
    ${pid}    Get Service Pid    redis
    Start Platform    ${PLATFORM}    profile=${PROFILE}
    Get Service Pid    redis    ==    ${pid}


*** Keywords ***
Length Should Be At Least
    [Documentation]    PostgreSQL's helpers are counted, too.
    [Arguments]    ${list}    ${least}
    ${length}    Get Length    ${list}
    Should Be True    $length >= int($least)

Kill And Fail
    [Documentation]    A test's failure halfway.
    [Arguments]    ${service}
    Kill Service    ${service}
    Fail    wanted

Command Line Should Hold
    [Documentation]    Asks the process itself.
    [Arguments]    ${service}    ${wanted}
    ${pid}    Get Service Pid    ${service}
    ${words}    Evaluate    pathlib.Path('/proc', str($pid), 'cmdline').read_text().split('\\0')
    Should Contain    ${words}    ${wanted}
