*** Settings ***
Documentation       Tabs that come while something is being said.
Resource            ../resources/journey.resource
Resource            ../resources/tabs.resource
Suite Setup         Prepare The Journey
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
What Is Said Just When A Tab Comes Is Told It
    [Documentation]    In a conversation that it has not asked for, and that had messages before.
    ${nora} =    A Paid User    nora
    Open Tabs    ${nora}    first
    ${thread} =    A New Thread
    Ask    ${nora}    first    ${thread}    What is 2 + 2?
    Open Tabs    ${nora}    second
    Send Message    ${nora}    first    ${thread}    What is 3 + 3?
    Everything Said Should Be Everywhere    ${nora}

Who Comes From A Replica That Knew More Is Told Nothing Twice
    [Documentation]    A tab changes over to a replica that has not heard of what was said last, and says that it has that. The
    ...    others there are told with what comes next.
    [Tags]    needs-pause    wants-held-steps    wants-resume    wants-two-replicas
    ${rosa} =    A Paid User    rosa
    Open Tabs    ${rosa}    tab    at=${ONE_REPLICA}
    Open Tabs    ${rosa}    other    at=${OTHER_REPLICA}
    ${thread} =    A New Thread
    Ask    ${rosa}    tab    ${thread}    What is 2 + 2?
    Say What Other Replica Does Not Hear Of    ${rosa}    tab    ${thread}
    Change Over To Other Replica    ${rosa}    tab    ${thread}    3
    Send Message    ${rosa}    tab    ${thread}    What is 7 * 8?
    Let Step Go On    answering
    Everything Said Should Be Everywhere    ${rosa}
