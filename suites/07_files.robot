*** Settings ***
Documentation       Files: uploaded, stored, read and answered from; the same bytes in every layer, and nothing left of failures.
Resource            ../resources/journey.resource
Resource            ../resources/files.resource
Resource            ../resources/store_faults.resource
Suite Setup         The Journey Is Prepared
Test Teardown       Everything Is Shown
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
A Report Is Uploaded, Read And Answered From
    [Documentation]    5 MB on a page with visible progress; an agent reads it; the planted fact comes back over the socket, with
    ...    its page.
    [Tags]    critical    needs-folders
    ${kim} =    A User In A Browser    kim
    ${report} =    A Page And A Tab And A Report    ${kim}
    Progress Is Watched    page
    Upload On Page    ${kim}    page    ${report}    ${report.question}
    ${id} =    Upload Should Be Stored On Page    page
    Files Should Have Been Read
    All Layers Are Read    ${kim}    ${report}    ${id}
    Law Should Hold    whole-file    layers=7
    Answer Should Be Shown And Kept    ${kim}    ${report}

What Is No PDF Is Refused
    [Documentation]    Each for its own reason, and no layer has anything of it.
    [Tags]    needs-folders
    [Setup]    A User Uploads    ann    free
    [Template]    Upload Is Refused And Leaves Nothing
    # what it is    status    reason
    empty    400    empty_file
    one byte too large    413    file_too_large
    a picture    415    not_a_pdf
    a web page    415    not_a_pdf
    an archive    415    not_a_pdf
    a program    415    not_a_pdf

A PDF That Nobody Can Read Is Refused
    [Documentation]    Each for its own reason, and no layer has anything of it.
    [Tags]    needs-folders
    [Setup]    A User Uploads    abe    free
    [Template]    Upload Is Refused And Leaves Nothing
    # what it is    status    reason
    cut off    422    broken_pdf
    noise    422    broken_pdf
    without pages    422    broken_pdf
    header only    422    broken_pdf
    encrypted    422    encrypted_pdf
    very many pages    422    too_many_pages

Names Of Files Lead Nowhere
    [Documentation]    What the sender calls a file is a name for people, without folders, and nothing else.
    [Tags]    needs-folders
    [Setup]    A User Uploads    bea    paid
    [Template]    Name Leads Nowhere
    # sent as    known as
    ../../../escaped.pdf    escaped.pdf
    /tmp/escaped.pdf    escaped.pdf
    ..\\..\\escaped.pdf    escaped.pdf
    C:\\escaped.pdf    escaped.pdf
    ..    document.pdf
    ${{300 * 'x'}}.pdf    ${{196 * 'x'}}.pdf

An Upload That Breaks Off Leaves Nothing
    [Documentation]    Neither on the disk nor in a store, however the connection ends.
    [Tags]    needs-folders    needs-faults
    [Template]    An Upload Breaks Off And Leaves Nothing
    # how
    Connection Is Reset
    Connection Is Closed

An Upload That Dies With The Backend Leaves Nothing
    [Documentation]    Both replicas are killed with half a file on the disk; they clean up when they start.
    [Tags]    needs-folders    needs-faults    needs-kill
    An Upload Breaks Off And Leaves Nothing    Backend Is Killed And Comes Back

The Same File Twice Is Two Files
    [Documentation]    Two uploads of the same bytes: each is stored whole, and answered on its own.
    [Tags]    needs-folders
    [Setup]    A User Uploads    cleo    paid
    ${report} =    A Short Report With A Fact    ${USER}    twice.pdf
    ${again} =    Called    ${report}    twice.pdf again
    ${first} =    File Is Uploaded    ${USER}    tab    ${report}    ${THREAD}    ${report.question}
    ${second} =    File Is Uploaded    ${USER}    tab    ${again}    ${THREAD}    Again: ${report.question}
    Should Not Be Equal    ${first}[id]    ${second}[id]
    Files Should Have Been Read    2
    All Layers Are Read    ${USER}    ${report}    ${first}[id]
    All Layers Are Read    ${USER}    ${again}    ${second}[id]
    Law Should Hold    whole-file    files=2    layers=16

The Same Upload Again Is The Same File
    [Documentation]    Sent again under its message's id, as clients do that got no answer: taken once, answered once.
    [Tags]    needs-folders
    [Setup]    A User Uploads    dave    paid
    ${report} =    A Short Report With A Fact    ${USER}
    ${id} =    A New Thread
    Set To Dictionary    ${report}    message_id=${id}
    ${first} =    File Is Uploaded    ${USER}    tab    ${report}    ${THREAD}    ${report.question}
    Files Should Have Been Read
    Upload Is Taken Once    ${USER}    ${report}    ${THREAD}    ${first}
    Stored Messages    ${USER}
    Laws Should Hold    acked-is-kept    exactly-once    from-somebody    agent-stream

A Foreign File Opens To Nobody
    [Documentation]    Max knows the id of Ida's file and asks for it, by every door, and lets his agent search for its words.
    [Setup]    A User Uploads    ida    paid
    ${max} =    A Paid User    max
    Open Tabs    ${max}    his
    ${report} =    A Short Report With A Fact    ${USER}
    ${hers} =    File Is Uploaded    ${USER}    tab    ${report}    ${THREAD}    ${report.question}
    Files Should Have Been Read
    Nobody Else Gets At It    ${max}    ${hers}[id]    ${THREAD}
    Look Through The Own Files    ${max}    his    pump in hall seven
    Files Should Have Been Read    2
    Own File Should Open    ${USER}    ${hers}[id]
    Laws Should Hold    no-crosstalk    no-entry    whole-file

A Killed Agent's File Is Read By Another
    [Documentation]    Killed after reading, before answering: another agent takes over, and there is one answer.
    [Tags]    needs-kill    needs-folders
    [Setup]    A User Uploads    gil    paid
    ${report} =    A Short Report With A Fact    ${USER}
    ${id} =    Agent Dies While It Reads    ${USER}    ${report}    ${THREAD}
    File Should Be Answered From    ${report}    tab
    All Layers Are Read    ${USER}    ${report}    ${id}
    Stored Messages    ${USER}
    Laws Should Hold    whole-file    agent-stream    exactly-once    acked-is-kept    from-somebody
    Receipts Should Be In

A File That Was Damaged On Disk Is Not Answered From
    [Documentation]    The agent compares the fingerprint with the one that the upload had, and says what is wrong.
    [Tags]    needs-pause    needs-folders
    [Setup]    A User Uploads    hal    paid
    ${report} =    A Short Report With A Fact    ${USER}
    Damaged File Is Read    ${USER}    ${report}    ${THREAD}
    Receipts Should Be In

A Bomb Harms Nobody
    [Documentation]    A small file that unpacks to very much: the agents say that they can't read it, and go on to read others.
    [Setup]    A User Uploads    joe    paid
    ${bomb} =    Make Unpacking Bomb    unpacked=1 GiB
    File Is Uploaded    ${USER}    tab    ${bomb}    ${THREAD}
    Files Should Have Been Read    1   within=20s
    Get Frames    agent_error    alias=tab
    Get Frames    agent_completed    alias=tab

The Page Tells What Became Of An Upload
    [Documentation]    Refused with the platform's reason; or stopped by its user halfway, with nothing left.
    [Tags]    needs-folders
    ${lea} =    A User In A Browser    lea
    ${report} =    A Page And A Tab And A Report    ${lea}
    ${picture} =    An Odd File    a picture
    Upload On Page    ${lea}    page    ${picture}    What is in the picture?
    Upload Should Be Refused On Page    page    not_a_pdf
    An Upload Is Stopped On The Page    ${lea}    page    ${report}


*** Keywords ***
A User Uploads
    [Documentation]    A user with a tab and a thread, for all rows of a test.
    [Arguments]    ${name}    ${plan}
    ${user} =    A Signed In User    ${name}
    IF    $plan != 'free'    Change Plan    ${user}    ${plan}
    ${thread} =    A Stored Thread    ${user}
    Open Tabs    ${user}    tab
    VAR    ${USER}    ${user}    scope=TEST
    VAR    ${THREAD}    ${thread}    scope=TEST

A Page And A Tab And A Report
    [Documentation]    A user looks at a new conversation, on a page and on a tab of the test's own, and has a report at hand.
    [Arguments]    ${user}
    ${thread} =    A Stored Thread    ${user}
    ${report} =    A Report With A Fact    ${user}
    Open Tabs    ${user}    tab
    Open Page    ${user}    page    /threads/${thread}
    Page Should Be Online    page
    RETURN    ${report}

Answer Should Be Shown And Kept
    [Documentation]    Socket, page and store have the answer, whose fact stands on one page of the report only.
    [Arguments]    ${user}    ${report}
    File Should Be Answered From    ${report}    tab
    Page Should Show    page    (${report.place})
    Page Should Show    page    ${report.answer}
    Progress Should Have Been Seen    page    ${report}
    Pages Are Recorded    page
    Stored Messages    ${user}
    Laws Should Hold    acked-is-kept    exactly-once    same-order    from-somebody
