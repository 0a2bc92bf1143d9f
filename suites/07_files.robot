*** Settings ***
Documentation       Files: uploaded, stored, read and answered from; the same bytes in every layer, and nothing left of failures.
Resource            ../resources/journey.resource
Resource            ../resources/file_troubles.resource
Suite Setup         Prepare The Journey Of Files
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Tags           needs-folders    wants-file-layers    wants-upload


*** Test Cases ***
A Report Is Uploaded, Read And Answered From
    [Documentation]    5 MB on a page with visible progress; an agent reads it, and its fact comes back. The page saves it again.
    [Tags]    critical    needs-browser    wants-computed-answers    wants-exact-answers    wants-ledger
    ${kim} =    A User In A Browser    kim
    ${report} =    A Page And A Tab And A Report    ${kim}
    Watch Progress    page
    Upload On Page    ${kim}    page    ${report}    ${report.question}
    ${id} =    Upload Should Be Stored On Page    page
    Files Should Have Been Read
    Record All Layers    ${kim}    ${report}    ${id}    page=page
    Every Layer Should Hold The Same
    Answer Should Be Shown And Kept    ${kim}    ${report}
    Every Store Should Tell What Was Said    ${kim}

What Is No PDF Is Refused
    [Documentation]    Each for its own reason, and no layer has anything of it.
    [Setup]    Prepare User Who Uploads    ann    free
    [Template]    Upload Should Be Refused And Leave Nothing
    # what it is    reason
    empty    empty_file
    one byte too large    file_too_large
    far too large    file_too_large
    a picture    not_a_pdf
    a web page    not_a_pdf
    an archive    not_a_pdf
    a program    not_a_pdf

A PDF That Nobody Can Read Is Refused
    [Setup]    Prepare User Who Uploads    abe    free
    [Template]    Upload Should Be Refused And Leave Nothing
    cut off    broken_pdf
    noise    broken_pdf
    without pages    broken_pdf
    header only    broken_pdf
    encrypted    encrypted_pdf
    very many pages    too_many_pages

A File At The Limit Is Taken
    [Documentation]    As large as may be, and of as many pages.
    [Setup]    Prepare User Who Uploads    amy    paid
    ${file} =    A File At The Limit
    ${taken} =    Upload And Record File    ${USER}    tab    ${file}    ${THREAD}
    Files Should Have Been Read
    Record All Layers    ${USER}    ${file}    ${taken}[id]
    Every Layer Should Hold The Same    answers=1
    ${many} =    A File Of As Many Pages As May Be
    Upload And Record File    ${USER}    tab    ${many}    ${THREAD}
    Files Should Have Been Read    2

Names Of Files Lead Nowhere
    [Documentation]    What the sender calls a file is a name for people, without folders, and nothing else.
    [Setup]    Prepare User Who Uploads    bea    paid
    [Template]    Name Should Lead Nowhere
    # sent as    known as
    ../../../escaped.pdf    escaped.pdf
    /tmp/escaped.pdf    escaped.pdf
    ..\\..\\escaped.pdf    escaped.pdf
    C:\\escaped.pdf    escaped.pdf
    ..    document.pdf
    Отчёт "報告" 50%.pdf    Отчёт "報告" 50%.pdf
    ${LONG NAME}.pdf    ${ITS BEGINNING}.pdf

An Upload That Breaks Off Leaves Nothing
    [Documentation]    Neither on the disk nor in a store, however the connection ends.
    [Tags]    needs-faults
    [Template]    Broken Off Upload Should Leave Nothing
    a reset
    a close

An Upload That Dies With Its Replica Leaves Nothing
    [Tags]    needs-faults    needs-kill    needs-restart
    Broken Off Upload Should Leave Nothing    the death of its replica    ${ONE_REPLICA}

The Same File Twice Is Two Files
    [Documentation]    Two uploads of the same bytes: each is stored whole, and answered on its own.
    [Tags]    wants-ledger
    [Setup]    Prepare User Who Uploads    cleo    paid
    ${report} =    A Short Report With A Fact    ${USER}
    ${first}    ${second} =    Upload And Record File Twice    ${USER}    ${report}    ${THREAD}
    Should Not Be Equal    ${first}[id]    ${second}[id]
    Files Should Have Been Read    2
    Record All Layers    ${USER}    ${report}    ${first}[id]
    Record All Layers    ${USER}    ${second}[file]    ${second}[id]
    Every Layer Should Hold The Same    files=2    answers=2
    Every Store Should Tell What Was Said    ${USER}
    Tab Should Be Told What Is Stored    ${USER}    tab

The Same Upload Again Is The Same File
    [Documentation]    Sent again under its message's id, as clients do that got no answer: taken once, answered once.
    [Tags]    wants-ledger
    [Setup]    Prepare User Who Uploads    dave    paid
    ${report} =    A Report With The Id Of Its Message    ${USER}
    ${first} =    Upload And Record File    ${USER}    tab    ${report}    ${THREAD}    ${report.question}
    Files Should Have Been Read
    Same Upload Should Be Taken Once    ${USER}    ${report}    ${THREAD}    ${first}
    Record Stored Messages Of Users    ${USER}
    Laws Should Hold    acked-is-kept    exactly-once    from-somebody    agent-stream
    Every Store Should Tell What Was Said    ${USER}

A Foreign File Opens To Nobody
    [Documentation]    Max knows the id of Ida's file and asks for it, by every door; her agent finds its words, and his does not.
    [Tags]    wants-computed-answers
    [Setup]    Prepare User Who Uploads    ida    paid
    ${max} =    A Signed In User    max
    Open Tabs    ${max}    his
    ${report} =    A Short Report With A Fact    ${USER}
    ${hers} =    Upload And Record File    ${USER}    tab    ${report}    ${THREAD}    ${report.question}
    Files Should Have Been Read
    Nobody Else Should Get At It    ${max}    ${hers}[id]    ${THREAD}
    Only Its Owner's Agent Should Find It    ${max}    his    ${report}    pump in hall seven
    Laws Should Hold    no-crosstalk    no-entry    whole-file    said-is-stored

A Killed Agent's File Is Read By Another
    [Documentation]    Killed after reading, before answering: another agent takes over, and there is one answer.
    [Tags]    needs-kill    wants-agent-queue    wants-computed-answers    wants-held-steps
    [Setup]    Prepare User Who Uploads    gil    paid
    ${report} =    A Short Report With A Fact    ${USER}
    ${id} =    Kill Agent While It Reads    ${USER}    ${report}    ${THREAD}
    Answer Should Be Whole    ${USER}    ${report}    ${id}
    Laws Should Hold    whole-file    agent-stream    exactly-once    acked-is-kept    from-somebody
    Receipts Should Be In

A File That Was Damaged On Disk Is Not Answered From
    [Documentation]    The agent compares the fingerprint with the one that the upload had, and says what is wrong.
    [Tags]    needs-pause    wants-ledger
    [Setup]    Prepare User Who Uploads    hal    paid
    ${report} =    A Short Report With A Fact    ${USER}
    Damaged File Should Yield Nothing    ${USER}    ${report}    ${THREAD}
    Every Store Should Tell What Was Said    ${USER}
    Tab Should Be Told What Is Stored    ${USER}    tab
    Receipts Should Be In

The Page Tells What Became Of An Upload
    [Documentation]    Refused with the platform's reason; or stopped by its user halfway, with nothing left.
    [Tags]    needs-browser
    ${lea} =    A User In A Browser    lea
    ${report} =    A Page And A Tab And A Report    ${lea}
    Picture Should Be Refused On The Page    ${lea}    page
    Stopped Upload Should Leave Nothing    ${lea}    page    ${report}
