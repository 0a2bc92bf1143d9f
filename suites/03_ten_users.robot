*** Settings ***
Documentation       Many users at once: each gets the right answer to its own question, in time, and sees nothing of others.
Resource            ../resources/journey.resource
Resource            ../resources/crowd.resource
Suite Setup         Prepare The Crowd
Test Teardown       Show What Services Used
Test Timeout        ${FIGURES.test_limit}
Test Tags           needs-processes


*** Test Cases ***
Ten Users Log In And Ask At The Same Moment
    [Documentation]    Ten real logins, ten different questions at one moment, ten right answers in time, each once.
    [Tags]    critical    wants-computed-answers
    ${users} =    Sign In Users    ${FIGURES.users}
    Give Each A Question    ${users}
    Start Measuring Services
    Let Users Ask At The Same Moment    ${users}
    Each Question Should Have Been Answered Once    ${users}
    Answers Should Be Right And In Time    ${users}
    Nothing Should Be Left To Answer    @{users}

Twenty-Five Users Ask At The Same Moment
    [Documentation]    The same with more users, who are signed in already.
    [Tags]    wants-computed-answers    needs-25-users
    Users Of The Crowd Should Get Their Answers    25

Fifty Users Ask At The Same Moment
    [Documentation]    The same with as many as the platform was measured for.
    [Tags]    wants-computed-answers    needs-50-users
    Users Of The Crowd Should Get Their Answers    50

One User Floods And The Others Keep Their Time
    [Documentation]    One user sends as fast as it can; ten others ask meanwhile, and wait no longer than without it.
    [Tags]    wants-computed-answers    needs-11-users
    ${users} =    A Part Of The Crowd    10
    ${flooder} =    A User Who Floods
    Start Measuring Services
    Send Flood    ${flooder}
    Let Users Ask At The Same Moment    ${users}
    Each Question Should Have Been Answered Once    ${users}    ${flooder}
    Answers Should Be Right And In Time    ${users}

One User's Slow Questions Leave The Others Theirs
    [Documentation]    One user asks more than all agents can work on, and its answers are held up; ten others, who ask something
    ...    else, get theirs meanwhile.
    [Tags]    wants-computed-answers    wants-held-steps    needs-11-users
    ${users} =    A Part Of The Crowd    10    ${SUMS}
    Start Measuring Services
    Hold Up Answering
    Ask More Than All Agents Can Take
    Let Users Ask At The Same Moment    ${users}
    Each Question Should Have Been Answered Once    ${users}
    Let Answering Go On
    Answers Should Be Right And In Time    ${users}
    Nothing Should Be Left To Answer    @{users}

What One User Asks Waits Its Turn And Is Answered
    [Documentation]    One user asks far more than its share of the agents while answers are held up; then each gets its answer.
    [Tags]    wants-held-steps    needs-1-users
    ${user} =    A User Who Floods
    Start Measuring Services
    Hold Up Answering
    Ask More Than One User's Agents Can Take    ${user}
    Let Answering Go On
    All That Waited Should Be Answered    ${user}

An Agent Dies Halfway And Its Runs Are Taken Over
    [Documentation]    An agent is killed while it works on questions; the other one goes on with them, and each is answered once.
    [Tags]    needs-kill    needs-10-users    wants-agent-queue    wants-computed-answers    wants-held-steps    wants-ledger
    ${users} =    A Part Of The Crowd    10    ${SEARCHES}
    Hold Up Answering
    Let Users Ask At The Same Moment    ${users}
    Kill Agent At Its Work    ${ONE_AGENT}
    Let Answering Go On
    Each Question Should Have Been Answered Once    ${users}    goes_on_after=${FIGURES.takeover}
    Runs Should Have Been Taken Over    @{users}
    Answers Should Be Right And In Time    ${users}
    Nothing Should Be Left To Answer    @{users}
    Every Store Should Tell What Was Said    @{users}
    [Teardown]    NONE


*** Keywords ***
Users Of The Crowd Should Get Their Answers
    [Documentation]    So many users ask different questions at one moment.
    [Arguments]    ${count: int}
    ${users} =    A Part Of The Crowd    ${count}
    Start Measuring Services
    Let Users Ask At The Same Moment    ${users}
    Each Question Should Have Been Answered Once    ${users}
    Answers Should Be Right And In Time    ${users}
    Nothing Should Be Left To Answer    @{users}
