*** Settings ***
Documentation       What a page tells of its user's files beside their upload: what became of an answer, and which there are.
Resource            ../resources/journey.resource
Resource            ../resources/file_troubles.resource
Suite Setup         Prepare The Journey Of Files
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Tags           needs-browser    wants-upload


*** Test Cases ***
An Answer That Came To Nothing Is Told On A Page
    [Documentation]    The file that it would have been from is gone from the disk; the page says what a tab is told.
    [Tags]    needs-folders    needs-pause    wants-file-layers
    ${ida} =    A User In A Browser    ida
    ${report} =    A Short Report With A Fact    ${ida}
    ${thread} =    A Stored Thread    ${ida}
    Open Tabs    ${ida}    tab
    Open Page    ${ida}    page    ${thread}
    Page Should Be Online    page
    Damaged File Should Yield Nothing    ${ida}    ${report}    ${thread}    missing
    Failure Should Be Told On Page    page    tab
    Receipts Should Be In

A File That Was Uploaded Is Listed On The Dashboard
    [Documentation]    On the same page, to which its user comes back from the conversation.
    ${ada} =    A User In A Browser    ada
    ${report} =    A Short Report With A Fact    ${ada}
    ${thread} =    A Stored Thread    ${ada}
    Open Page    ${ada}    page    ${thread}
    Page Should Be Online    page
    Upload On Page    ${ada}    page    ${report}    ${report.question}
    Upload Should Be Stored On Page    page
    Open Dashboard    page
    Files On Dashboard Should Be    ${ada}    page    ${report}
