*** Settings ***
Documentation       Doors of others: whatever takes a credential, an id or a key opens to whom it belongs, and to nobody else,
...                 for reading and for writing. The services themselves tell which doors there are.
Resource            ../resources/journey.resource
Resource            ../resources/files.resource
Resource            ../resources/tokens.resource
Suite Setup         Prepare The Services
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Tags           wants-doors


*** Test Cases ***
Every Door Is Known
    [Documentation]    A route, a frame or a table that is new is not tried before somebody has said to whom it belongs.
    ${doors}    ${frames} =    Get Doors Of Services
    Doors Should Be Those Of The Table    routes    ${doors}    ${DOOR_TABLE}
    Doors Should Be Those Of The Table    frames    ${frames}    ${FRAME_TABLE}
    Every Table Should Be Read

No Door Opens Without A Good Credential
    [Documentation]    Doors for users open to no token that was changed, is of the services or of a session that is over, nor
    ...    without one; doors between services open to no user, and at the public address to nobody.
    [Tags]    wants-revocation    wants-upload
    [Setup]    An Owner Whom Every Door Knows
    Every Door Should Stay Shut To    none
    Every Door Should Stay Shut To    changed on the way
    Every Door Should Stay Shut To    of the services
    Every Door Should Stay Shut To    of a session that is over
    Doors Between Services Should Stay Shut
    Good Token Should Open However It Is Brought
    Ports Should Be Shut At Another Address
    Law Should Hold    no-entry    within=0 s

Nobody Gets At What Is Another User's
    [Documentation]    Mallory knows the id of everything that Olivia has, and brings it to every door, read and write, by HTTP
    ...    and in frames. Nothing opens, nothing of hers is seen, and nothing of hers is another afterwards.
    [Tags]    wants-upload
    [Setup]    An Owner Whom Every Door Knows
    ${mallory} =    A Stranger    mallory
    Send Every Frame For Things Of    ${OWNER}    olivia    ${OWNER}
    Record States    ${OWNER}    ${mallory}
    Try Every Door For Things Of    ${mallory}    ${OWNER}
    Law Should Hold    no-entry    within=0 s    # before anybody waits for a mistake
    Send Every Frame For Things Of    ${mallory}    mallory    ${OWNER}
    Record Operation    knocking at every door    mallory    may=*
    Record States    ${OWNER}    ${mallory}
    Laws Should Hold    no-entry    no-crosstalk    bystanders-unchanged

What Is Beyond An Edge Is Refused
    [Documentation]    Longest texts, first and last numbers, ids, bodies and keys, in frames and over HTTP: just so they are
    ...    taken, just beyond they are refused for their own reason. The tab on which all that was tried goes on as any other.
    [Tags]    wants-upload
    ${owen} =    A Paid User With A Tab    owen
    ${thread} =    A Stored Thread    ${owen}
    ${quiet} =    A Stored Thread    ${owen}
    Set To Dictionary    ${owen}    thread=${thread}    quiet=${quiet}
    What Is Beyond An Edge Should Be Refused    ${owen}
    Say And Record What Is Stored    ${owen}    owen    ${quiet}
    Laws Should Hold    acked-is-kept    exactly-once    same-order    within=${FIGURES.usual_time}

What Is No Frame Is Refused
    [Documentation]    No JSON, no object, of no type, bytes, and one byte more than a frame may have.
    ${oona} =    A Paid User With A Tab    oona
    What Is No Frame Should Be Refused    ${oona}

Who Reads Well Is Told Any Amount
    [Documentation]    Only what waits for a tab is limited: all that a good reader is told in its life is not.
    ${orla} =    A Signed In User    orla
    Who Reads At Once Should Be Told Any Amount    ${orla}

Who Reads Nothing Is Let Go, And Who Sends Slowly Is Heard
    [Documentation]    However much one asks for who reads nothing; of that nothing is kept for longer than the end of a
    ...    connection may take. Meanwhile another one's file stands still halfway, for longer than any answer may take, and then
    ...    comes whole. Services that have nothing to do go on hearing the others as before.
    [Tags]    needs-faults    needs-processes    wants-upload
    ${odin} =    A Signed In User    odin
    ${olga} =    A Paid User    olga
    Begin Upload That Stands Still    ${olga}    half
    ${before} =    Get Subscriptions Of Others    ${ONE_REPLICA}
    Who Never Reads Should Be Let Go    ${odin}
    ${after} =    Get Subscriptions Of Others    ${ONE_REPLICA}
    Upload That Stood Still Should Be Taken    half
    Should Be Told    the cache    who listens to others all the while    ${after}    ${before}


*** Keywords ***
An Owner Whom Every Door Knows
    [Documentation]    The control of every refusal: to the owner of things, with a good token, every door opens.
    ${olivia} =    A User With Things    olivia
    VAR    ${OWNER}    ${olivia}    scope=TEST
    Try Every Door    its owner's    ${olivia.token}    ${olivia}    ${olivia.session}    good=${True}
    Try Socket    ${olivia}    its owner's    ${olivia.token}    good=${True}

A Stranger
    [Documentation]    Another user, with a tab and a thread of its own; whatever reaches it of anybody else is crosstalk.
    [Arguments]    ${name}
    ${user} =    A Paid User With A Tab    ${name}
    ${thread} =    A New Thread
    ${id} =    Send Message    ${user}    ${name}    ${thread}    What is 1 + 1?
    Message Should Be Acknowledged    ${name}    ${id}
    Answer Should Reach    ${id}    ${name}
    Set To Dictionary    ${user}    thread=${thread}
    RETURN    ${user}

Say And Record What Is Stored
    [Documentation]    Says something more on a tab, which has its time to be told that it is taken; records what is stored then.
    [Arguments]    ${user}    ${tab}    ${thread}
    ${id} =    Send Message    ${user}    ${tab}    ${thread}    Said after all that
    Run Keyword And Return Status    Message Should Be Acknowledged    ${tab}    ${id}    timeout=${FIGURES.usual_time}
    Record Stored Messages Of Users    ${user}
