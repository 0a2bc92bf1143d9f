*** Settings ***
Documentation       Files, wherever a platform keeps them: answered from, and open to nobody but their owner.
Resource            ../resources/journey.resource
Resource            ../resources/file_troubles.resource
Resource            ../resources/lines.resource
Suite Setup         Prepare The Journey Of Files
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Tags           wants-computed-answers    wants-upload


*** Test Cases ***
A File Opens To Its Owner Alone
    [Documentation]    It comes back as it was sent, and is answered from; others who know its id get nothing.
    [Setup]    Prepare User Who Uploads    kit    paid
    ${report} =    A Short Report With A Fact    ${USER}
    ${taken} =    Upload And Record File    ${USER}    tab    ${report}    ${THREAD}    ${report.question}
    Files Should Have Been Read
    File Should Be Answered From    ${report}    tab
    Record Download    ${USER}    ${report}    ${taken}[id]
    Nobody Else Should Open It    ${taken}[id]
    Own File Should Open    ${USER}    ${taken}[id]
    Record Stored Messages Of Users    ${USER}
    Laws Should Hold    whole-file    no-entry    no-crosstalk    acked-is-kept    exactly-once    said-is-stored

A File On A Page Is Answered From
    [Tags]    needs-browser
    ${kay} =    A User In A Browser    kay
    ${report} =    A Short Report With A Fact    ${kay}
    ${thread} =    A Stored Thread    ${kay}
    Open Page    ${kay}    page    ${thread}
    Page Should Be Online    page
    Upload On Page    ${kay}    page    ${report}    ${report.question}
    Page Should Show    page    ${report.answer}
    Page And Store Should Agree    ${kay}    page

An Upload Whose Answer Was Lost Is Tried Again And Is One
    [Documentation]    It is stored, and the page is told neither that nor of the message: its user presses the button beside it.
    [Tags]    needs-browser    wants-outbox
    ${mika} =    A User In A Browser    mika
    ${report} =    A Short Report With A Fact    ${mika}
    ${thread} =    A Stored Thread    ${mika}
    Open Page    ${mika}    page    ${thread}
    Page Should Be Online    page
    Lose What Is Told Of Next Upload    page    ${report.question}
    Upload On Page    ${mika}    page    ${report}    ${report.question}
    Upload That Failed Should Be Tried Again    page
    Page Should Show    page    ${report.answer}
    Page And Store Should Agree    ${mika}    page

A File That Comes In Pieces Is Answered From
    [Documentation]    On a line that cuts everything, under a name and with a text of any script.
    [Tags]    needs-faults    needs-folders    wants-file-layers
    [Setup]    Prepare User Who Uploads    max    paid
    ${report} =    A Report Of Any Text    ${USER}
    Upload In Pieces Should Be Answered From    ${USER}    ${report}    ${THREAD}

A File Whose Store Died Before It Said So Is Whole
    [Documentation]    It was committed, and nobody was told: where it is listed it can be had.
    [Tags]    needs-folders    needs-kill    needs-restart    wants-file-layers    wants-held-steps
    ...       -wants-computed-answers
    [Setup]    Prepare User Who Uploads    nina    paid
    ${report} =    A Short Report With A Fact    ${USER}
    Upload That Nobody Was Told Of Should Be Whole    ${USER}    ${report}    ${THREAD}

A Bomb Harms Nobody
    [Documentation]    A small file that unpacks to a gigabyte: its run ends as every run does, and the next file is read.
    [Setup]    Prepare User Who Uploads    joe    paid
    ${bomb} =    Make Unpacking Bomb    unpacked=1 GiB
    Upload And Record File    ${USER}    tab    ${bomb}    ${THREAD}
    Files Should Have Been Read
    ${report} =    A Short Report With A Fact    ${USER}
    Upload And Record File    ${USER}    tab    ${report}    ${THREAD}    ${report.question}
    Files Should Have Been Read    2
    File Should Be Answered From    ${report}    tab

A File Is Read When Those Are Gone Who Looked At Files Before
    [Documentation]    Services let processes of their own look at what nobody trusts. All of them are killed; the next file is
    ...    taken and read as those before.
    [Tags]    needs-kill    needs-processes    wants-file-layers
    [Setup]    Prepare User Who Uploads    lou    paid
    ${report} =    A Short Report With A Fact    ${USER}
    Kill Helpers Of Services
    File Should Be Taken And Read    ${USER}    ${report}    ${THREAD}
    File Should Be Answered From    ${report}    tab
