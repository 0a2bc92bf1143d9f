*** Settings ***
Documentation       Scripts, schedules, figures and errors of loads, on a real WebSocket server.
...                 How late the generator is decides about one test; the others allow it to be.

Library             Collections
Library             realstack.Load
Library             ../../support/WebSocketServer.py

Suite Setup         Write The Scripts


*** Test Cases ***
Ten Users Ask At The Same Moment
    ${users}    Get Users    10
    Run Load    echo    users=${users}    most_lag=1 min
    Get Error Count    ==    0
    Get Latency Count    ==    10
    Get Percentile    50    <    1 min
    Get Percentile    99    <    1 min    measure=answer
    Get Worst Latency    <    1 min
    Get Throughput    >    0.1
    ${values}    Get User Values    user-7
    Should Be Equal    ${values}[0][answer]    question of user-7

Users Iterate At Their Times
    ${users}    Get Users    3
    Run Load    echo    users=${users}    times=5    every=20 ms    spread=30 ms    most_lag=1 min
    Get Latency Count    ==    15
    ${values}    Get User Values
    Length Should Be    ${values}[user-1]    5

Rate Is Dealt To Users In Turn
    ${users}    Get Users    4
    Run Load    echo    users=${users}    rate=100    duration=400 ms    most_lag=1 min
    Get Latency Count    ==    40
    Run Load    echo    users=${users}    rate=50    rate_end=150    duration=400 ms    arrivals=poisson    most_lag=1 min
    Get Latency Count    >    10
    Get Error Count    ==    0

Wrong Answer Is Told By Value
    ${users}    Get Users    2    expected=something else
    Run Load    checked    users=${users}    most_lag=1 min
    Get Error Count    ==    2    kind=wrong
    Run Keyword And Expect Error
    ...    Count of all errors*2 wrong*- wrong: user-*check {answer} contains*'something else'*question of user-*
    ...    Get Error Count    ==    0

Missing Answer Is A Time-Out
    ${users}    Get Users    2
    Run Load    unanswered    users=${users}    most_lag=1 min
    Get Error Count    ==    2    kind=timeout
    Run Keyword And Expect Error
    ...    *at least one latency*measured were none*2 timeout*
    ...    Get Percentile    99    <    1 s    measure=answer

Refusing Frame Ends The Wait
    ${users}    Get Users    2
    Run Load    rejected    users=${users}    most_lag=1 min
    Get Error Count    ==    2    kind=rejected

Lost Connection Is Told, And Opened Again
    ${users}    Get Users    2
    Run Load    dropped    users=${users}    times=3    every=50 ms    most_lag=1 min
    Get Error Count    ==    6    kind=closed
    Get Progress    begun    ==    6

Users That Can Not Be Prepared Are Told
    ${users}    Get Users    2
    Run Keyword And Expect Error
    ...    Expected: all 2 users of 'refused' are ready*Seen: 2 are not*403*
    ...    Run Load    refused    users=${users}

Something Happens Meanwhile
    ${users}    Get Users    2
    Start Load    echo    users=${users}    times=1000    every=10 ms    most_lag=1 min
    Get Progress    planned    ==    2000
    Wait Until Load Has Done    20
    Run Keyword And Expect Error    The load 'echo' is still running.*    Start Load    echo    users=${users}
    Run Keyword And Expect Error    *there are none yet*Remedy: Use ?Wait For Load?*    Get Percentile    99
    Stop Load
    Get Progress    done    <    2000
    Get Error Count    ==    0

Waiting For More Than There Is Fails
    ${users}    Get Users    1
    Start Load    echo    users=${users}    most_lag=1 min
    Run Keyword And Expect Error
    ...    Expected: 5 iterations of 'echo' went well*1 of 1*the load is over*
    ...    Wait Until Load Has Done    5
    Wait For Load

Workers Are Chosen For A Test
    Use Load Workers    2
    ${users}    Get Users    4
    Run Load    echo    users=${users}    times=2    every=10 ms    most_lag=1 min
    Get Error Count    ==    0
    Get Latency Count    ==    8
    Run Keyword And Expect Error    *at least one worker*Seen: 0*    Use Load Workers    0

Load Goes On When One Of Its Workers Is Killed Halfway
    Use Load Workers    2    without_lost=${True}
    ${users}    Get Users    4
    Start Load    echo    users=${users}    duration=2 min    every=20 ms    most_lag=1 min
    Wait Until Load Has Done    8    timeout=20 s
    Kill A Load Worker    of=${2}
    ${done}    Get Progress    done
    Wait Until Load Has Done    ${done + 20}    timeout=20 s
    Server Should Have Connections    2
    Stop Load
    Get Error Count    ==    0

Load Without Any Worker Left Is No Verdict
    Use Load Workers    1    without_lost=${True}
    ${users}    Get Users    2
    Start Load    echo    users=${users}    duration=2 min    every=20 ms    most_lag=1 min
    Wait Until Load Has Done    4    timeout=20 s
    Kill A Load Worker    of=${1}
    Run Keyword And Expect Error    *INVALID*worker 0 was lost*2 of 2 users: user-1, user-2*    Wait For Load

Users Follow A Function
    Create Script    function
    Let Script Open Connection    ${URL}/echo
    Let Script Iterate
    Let Script Call    ${CURDIR}/scenario.py    ask
    ${users}    Get Users    2
    Run Load    function    users=${users}    most_lag=1 min
    Get Error Count    ==    0
    Get Latency Count    ==    6    measure=answer
    ${values}    Get User Values    user-2
    Should Be Equal    ${values}[0][answer]    question of user-2

Function That Fails Is Told With Its Line
    ${users}    Get Users    1
    Create Script    function
    Let Script Iterate
    Let Script Call    ${CURDIR}/scenario.py    fail
    Run Load    function    users=${users}    most_lag=1 min
    Get Error Count    ==    1    kind=wrong
    Run Keyword And Expect Error    *fail of scenario.py*line ??: assert user?"query"? == "something else"*
    ...    Get Error Count    ==    0

Function That Stumbles Ends The Load, And One That Is None Is Refused
    ${users}    Get Users    1
    Create Script    stumbling
    Let Script Iterate
    Let Script Call    ${CURDIR}/scenario.py    stumble
    Run Keyword And Expect Error    *stumble of scenario.py ends well*AttributeError*no_such_thing*
    ...    Run Load    stumbling    users=${users}
    Run Keyword And Expect Error    *an async function 'wait' in*there are: ask, fail, stumble*
    ...    Let Script Call    ${CURDIR}/scenario.py    wait
    Run Keyword And Expect Error    *there is no such file*    Let Script Call    ${CURDIR}/nothing.py    ask

Load Of A Test Ends With It
    Run Keyword And Expect Error    No load is running.*    Wait For Load
    Server Should Have Connections    0
    ${users}    Get Users    2
    Start Load    echo    users=${users}    times=1000    every=50 ms

Load Before Was Ended
    Run Keyword And Expect Error    No load is running.*    Stop Load
    Server Should Have Connections    0

Generator That Is Too Slow Is No Verdict
    ${users}    Get Users    2
    Run Keyword And Expect Error
    ...    INVALID: Expected: the load generator is on time*at most 0 ms*Remedy: The machine is too busy*
    ...    Run Load    echo    users=${users}    most_lag=1 us

Bad Scripts Are Refused
    Run Keyword And Expect Error
    ...    There is no script 'nothing'. There are: *echo*
    ...    Run Load    nothing    users=${{ {'a': {}} }}
    Create Script    empty
    Run Keyword And Expect Error    *the script 'empty' has steps*    Run Load    empty    users=${{ {'a': {}} }}
    Run Keyword And Expect Error    *at least one condition*    Let Script Await
    Run Keyword And Expect Error    *'two words' is no match*    Let Script Await    two words
    Run Keyword And Expect Error    *a file to upload*    Let Script Request    POST    /files    file=/no/such/file
    Let Script Iterate
    Let Script Send    type={nothing}
    Run Keyword And Expect Error    *a connection 'tab'*    Run Load    empty    users=${{ {'a': {'nothing': 1}} }}
    Run Keyword And Expect Error    *the user has a value 'nothing'*it has *    Run Load    empty    users=${{ {'a': {}} }}

Bounds Are Kept
    [Setup]    Use Load Workers    1
    [Template]    Load Should Be Refused
    *1 to 1000 users*Seen: 0*                 users=${{ {} }}
    *1 to 1000 users*Seen: 1001*              users=${{ {str(n): {} for n in range(1001)} }}
    *2000 iterations a second*                users=${{ {'a': {}} }}    rate=5000    duration=1 s
    *a duration for a rate*                   users=${{ {'a': {}} }}    rate=5
    *a duration for the least number*         users=${{ {'a': {}} }}    least=5
    *a duration for the least number*         users=${{ {'a': {}} }}    least=5    rate=5    duration=1 s
    *at most 172800 s*                        users=${{ {'a': {}} }}    rate=5    duration=49 h
    *users with a name each*                  users=${{ [{'name': 'a'}, {'name': 'a'}] }}

Secrets Fill Templates And Stay Hidden
    ${word}    Evaluate    robot.api.types.Secret(secrets.token_urlsafe(24))    modules=robot.api.types,secrets
    ${users}    Get Users    1    word=${word}
    Run Load    secret    users=${users}    most_lag=1 min
    Get Error Count    ==    0

Robot's Own Time-Out Ends A Load
    [Timeout]    40 s
    ${users}    Get Users    1
    TRY
        Wait For A Load Too Long    ${users}
    EXCEPT    *timeout*    type=glob
        Log    As it should be.
    END
    Run Keyword And Expect Error    No load is running.*    Stop Load


*** Keywords ***
Write The Scripts
    [Documentation]    The server sends back what it gets.
    ${url}    Server URL
    VAR    ${URL}    ${url}    scope=SUITE
    Write Script    echo    /echo
    Let Script Await    answer    payload.text={query}    measure=answer    keep=${{ {'answer': 'payload.text'} }}
    Write Script    checked    /echo
    Let Script Await    answer    measure=answer    keep=${{ {'answer': 'payload.text'} }}
    Let Script Check    {answer}    contains    {expected}
    Write Secret Script
    Write Failing Scripts

Write Failing Scripts
    [Documentation]    Each fails in another way.
    Write Script    unanswered    /quiet
    Let Script Await    answer    measure=answer    timeout=50 ms
    Write Script    rejected    /echo
    Let Script Await    something_else    fails_on=${{['answer']}}    timeout=2 s
    Write Script    dropped    /close/1001
    Let Script Await    answer    timeout=2 s
    Write Script    refused    /status/403

Write Script
    [Documentation]    Opens a connection, then sends a question in each iteration.
    [Arguments]    ${name}    ${path}
    Create Script    ${name}
    Let Script Open Connection    ${URL}${path}
    Let Script Iterate
    Let Script Send    type=answer    message_id={id}    payload.text={query}    payload.user={user}

Write Secret Script
    [Documentation]    The credential goes into the handshake.
    Create Script    secret
    Let Script Open Connection    ${URL}/echo    subprotocols=${{['jwt-auth', 'jwt.{word:b64url}']}}
    Let Script Iterate
    Let Script Send    type=hello    payload.token={word}
    Let Script Await    hello    measure=hello

Get Users
    [Documentation]    So many users with a question each.
    [Arguments]    ${count}    &{values}
    VAR    @{users}    @{EMPTY}
    FOR    ${number}    IN RANGE    1    ${count} + 1
        VAR    &{user}    name=user-${number}    query=question of user-${number}    &{values}
        Append To List    ${users}    ${user}
    END
    RETURN    ${users}

Load Should Be Refused
    [Documentation]    With this text.
    [Arguments]    ${error}    &{arguments}
    Run Keyword And Expect Error    ${error}    Run Load    echo    &{arguments}

Wait For A Load Too Long
    [Documentation]    Gives up before the load is over.
    [Arguments]    ${users}
    [Timeout]    200 ms
    Run Load    echo    users=${users}    times=1000    every=50 ms
