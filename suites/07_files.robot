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
    Law Should Hold    agent-stream    runs=1    within=${FIGURES.answer_time}
    All Layers Are Read    ${kim}    ${report}    ${id}
    Law Should Hold    whole-file    layers=7
    Answer Should Be Shown And Kept    ${kim}    ${report}


*** Keywords ***
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
