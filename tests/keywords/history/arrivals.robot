*** Settings ***
Documentation       When clients came back, as a keyword: times of a log on the run's clock, bad input.
Library             realstack.History    vocabulary=${CURDIR}/../../../resources/adapters/reference/vocabulary.yaml
Library             frames.py


*** Variables ***
@{LOCKSTEP}         ${0.1}    ${0.3}    ${0.7}    ${1.2}


*** Test Cases ***
Times Of A Log Are Judged On The Run's Clock
    ${times} =    Evaluate    [at / 40 for at in range(80)]
    Let Clients Try At    ${times}
    Law Should Hold    spread-out    within=0 s    clients=12    attempts=78
    ${transcript} =    Get Transcript    clients
    Should Match Regexp    ${transcript}    \\s+\\d+\\.\\d{3} s\\s+clients\\s+arrivals: 80 attempts, during link, clients 12

Times May Be Written Out
    ${times} =    Evaluate    [at / 40 for at in range(80)]
    Let Clients Try At    ${times}    written=${True}
    Law Should Hold    spread-out    within=0 s    attempts=78

Clients In Lockstep Come In Bursts
    ${times} =    Evaluate    [at + client / 1000 for at in $LOCKSTEP for client in range(12)]
    Let Clients Try At    ${times}
    Run Keyword And Expect Error
    ...    spread-out violated: clients came in bursts: 12 clients must come spread over waits of up to 0.5 s*
    ...    Law Should Hold    spread-out    within=0 s

Waits Without Jitter Show Where Clients Come Spread
    ${times} =    Evaluate    [at / 40 for at in range(80)]
    Let Clients Try At    ${times}    waits=${{[[0.2, None, 0.5, 0.5]] * 12}}
    Run Keyword And Expect Error
    ...    spread-out violated: clients waited without jitter: more than 10% of 36 waits must be over before 75%*
    ...    Law Should Hold    spread-out    within=0 s

Waits With Jitter Are Counted
    ${times} =    Evaluate    [at / 40 for at in range(80)]
    Let Clients Try At    ${times}    waits=${{[[0.2, None, 0.3, 0.5]] * 12}}
    Law Should Hold    spread-out    within=0 s    measured waits=36

Too Short An Outage Is Invalid And No Pass
    ${times} =    Evaluate    [at + client / 1000 for at in $LOCKSTEP for client in range(12)]
    Let Clients Try At    ${times}    outage=${1.4}
    Run Keyword And Expect Error    INVALID: spread-out: *Only 2 longest waits, at least 3 must be seen.*
    ...    Law Should Hold    spread-out    within=0 s

Bad Input Is Explained
    Run Keyword And Expect Error    Expected: times in seconds since the epoch, or by RFC 3339*Seen: 'soon'
    ...    Record Arrivals    clients    ${{['soon']}}    during=link    clients=12
    ...    shortest_wait=100 ms    longest_wait=500 ms
    Run Keyword And Expect Error    Expected: waits in seconds, and None for one that was not measured*Seen: -1.0
    ...    Record Arrivals    clients    ${LOCKSTEP}    during=link    clients=12
    ...    shortest_wait=100 ms    longest_wait=500 ms    waits=${{[[0.1, None], [-1]]}}
    Run Keyword And Expect Error    ValueError: Argument 'longest_wait' got value 'long'*
    ...    Record Arrivals    clients    ${LOCKSTEP}    during=link    clients=12    shortest_wait=100 ms    longest_wait=long


*** Keywords ***
Let Clients Try At
    [Documentation]    A fault that lasted so long and is over now, and when clients tried to connect, in seconds since it began.
    [Arguments]    ${times}    ${outage}=${2.0}    ${written}=${False}    ${waits}=${{[]}}
    ${began} =    Fault Lasted    link    ${outage}
    ${moments} =    Evaluate    [*map($began.__add__, $times)]
    IF    $written
        ${moments} =    Evaluate    [datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat() for at in $moments]    datetime
    END
    Record Arrivals    clients    ${moments}    during=link    clients=12    shortest_wait=100 ms    longest_wait=500 ms
    ...    waits=${waits}
