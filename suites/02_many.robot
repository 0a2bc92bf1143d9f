*** Settings ***
Documentation       More than one of each: users of one browser, threads beyond a page of the list and at a reconnect, files of
...                 one name, users of the free plan in one window.
Resource            ../resources/journey.resource
Resource            ../resources/many.resource
Resource            ../resources/tokens.resource
Suite Setup         Prepare The Journey
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
The Next User Of A Browser Finds Nothing Of The First
    [Documentation]    The first one signs out, with a draft and a message that was never taken left behind.
    [Tags]    needs-browser    wants-outbox
    ${mara} =    A User In A Browser    mara
    ${noel} =    A Next User    noel
    Use Page And Leave Things On It    ${mara}    page
    Sign Out And Leave The Browser To    ${noel}    page

The Next User Gets Nothing Of One Whose Session Ended
    [Documentation]    The first one's session is ended elsewhere: what waits is kept for the first one, and is nobody else's.
    [Tags]    needs-browser    wants-outbox    wants-revocation
    ${mara} =    A User In A Browser    mara
    ${noel} =    A Next User    noel
    Use Page And Leave Things On It    ${mara}    page
    End Session    ${mara}
    Page Should Say Why Nobody Is Signed In    page    ended
    Next User Should Find Nothing    ${noel}    ${mara}    page
    What Was Left Should Be There For Its User    ${mara}    page of noel

Whoever Signs In Last Has All Windows Of A Browser
    [Documentation]    A page of one user goes on being open while another one signs in beside it: no page mixes the two.
    [Tags]    needs-browser    wants-refresh
    ${noel} =    A User In A Browser    noel
    ${otto} =    A Next User    otto
    ${thread} =    A Stored Thread    ${noel}    Of ${noel.canary}
    Open Page    ${noel}    page    ${thread}
    Page Should Be Online    page
    Type Message    ${noel}    page    What is 6 * 7?
    Page Should Have    message    text=${noel.canary}
    Window Should Be Whose Who Signed In Last    ${otto}    page

Threads Beyond A Page Of The List Are Listed
    [Documentation]    Over REST, page by page, and on the platform's page, which gets all by itself.
    [Tags]    needs-browser    wants-doors
    ${olga} =    A User In A Browser    olga
    Make More Threads Than A Page Of The List Has    ${olga}
    Open Page    ${olga}    page
    Record All Titles Over Rest    ${olga}
    Record All Titles On Page    page
    Law Should Hold    said-is-stored    within=0 s    showings=2

A Page Shows A Long Conversation Whole, And What Is New In Others
    [Documentation]    Older messages come when they are asked for, to the first one, and what its reader looks at stays where it
    ...    is; another one is shown to its end. The list has the newest first. What came while nobody looked is new until somebody
    ...    does. What is half written in one conversation stays there while its user looks at another.
    [Tags]    needs-browser    wants-news
    ${lars} =    A User In A Browser    lars
    ${thread} =    A Stored Thread    ${lars}
    Make Long Conversation And News    ${lars}    ${thread}
    Record List Of News    ${lars}
    Open Page    ${lars}    page    ${thread}
    Page Should Be Online    page
    Page Should List The News    page    4
    What Nobody Looks At Should Stay New    page    With 3 new    messages=3    left=3
    Long Conversation Should Be Shown Whole    ${lars}    page    ${thread}    With 3 new
    What Is Half Written Should Stay    page    With 3 new

A Conversation Is Begun On A Page
    [Documentation]    It has what was said in it, and is called so. One that was opened and left without a word is none, and a
    ...    title that was begun and left is none either; one that somebody is writing in stays.
    [Tags]    needs-browser    wants-computed-answers    wants-exact-answers    wants-fan-out    wants-news
    ${jule} =    A User In A Browser    jule
    Open Page    ${jule}    page
    Begin A Conversation On Page    page
    Two Sums Should Be Shown As They Were Worked Out    ${jule}    page    What is 12 * 12 and what is 3 + 4?    = 144
    Begin What Is Given Up On Page    page
    New Conversation Should Be Kept For What Is Half Written    page    What is 12 * 12
    Choose Conversation    page    What is 12 * 12
    Page Should Be As One Opened Later    page
    Page Should List What Is Stored    ${jule}    page
    Page And Store Should Agree    ${jule}    page

What Was Refused Is In Nobody's Way
    [Documentation]    A message is refused for good, and a file is taken away before it is sent. What is said then is taken as it
    ...    was typed. Of two messages that were refused one is discarded, and the other one stays; on another page beside it, too.
    [Tags]    needs-browser    wants-outbox
    ${ilka} =    A User In A Browser    ilka
    ${thread} =    A Stored Thread    ${ilka}
    Open Pages Of One Place    ${ilka}    ${thread}    beside    page
    Leave Message That Is Never Taken    ${ilka}    page    The first of two
    Refusal Should Be Told Beside    page    beside
    Attach A File And Take It Away    page
    What Is Said Then Should Be Taken    ${ilka}    page    Said after it
    Discard The Second Of Two Messages    ${ilka}    page    Said after it
    Page Should Be As One Opened Later    page

A Narrow Page Leads To Each Conversation
    [Tags]    needs-browser    wants-news
    ${nele} =    A User With Two Conversations    nele    Open at first    Chosen later
    Open Narrow Page    ${nele}    page    ${nele.thread}
    Narrow Page Should Lead To Conversation    page    Chosen later

A Tab That Asks For A Long Conversation Is Told All Of It
    [Tags]    wants-news    wants-resume
    ${lynn} =    A Signed In User    lynn
    ${thread} =    A Stored Thread    ${lynn}
    Make Long Conversation And News    ${lynn}    ${thread}
    Tab Should Be Told A Whole Conversation    ${lynn}    ${thread}

Every List Is Whole And In Its Order
    [Documentation]    Conversations, messages, files and workspaces: what is listed is what is stored, on pages of any length.
    [Tags]    wants-doors
    ${lena} =    A Signed In User    lena
    ${thread} =    A Stored Thread    ${lena}
    Make Four Of Each List    ${lena}    ${thread}
    Every List Should Tell What Is Stored    ${lena}    ${thread}

Every Thread Catches Up After A Reconnect
    [Documentation]    A tab that holds several threads is lost while things are said in each of them, and asks for all at once.
    [Tags]    wants-resume    wants-two-replicas
    ${pete} =    A Paid User    pete
    Open Tabs On Each Replica    ${pete}    tab    phone
    @{threads} =    Get New Threads    3
    Say Something In Each    ${pete}    tab    Before    @{threads}
    Everything Said Should Be Everywhere    ${pete}
    Leave Tab    tab    without a close frame
    Say Something In Each    ${pete}    phone    Meanwhile    @{threads}
    Reconnect And Resume All    ${pete}    tab    @{threads}
    Everything Said Should Be Everywhere    ${pete}

Files Of One Name Are Two Files
    [Documentation]    Each is stored whole, and answered from by its own fact.
    [Tags]    wants-file-layers    wants-upload    needs-folders
    ${rita} =    A Paid User    rita
    Open Tabs    ${rita}    tab
    ${thread} =    A Stored Thread    ${rita}
    Upload Two Reports Of One Name    ${rita}    tab    ${thread}
    Law Should Hold    whole-file    files=2

Each Free User Has A Window Of Its Own
    [Documentation]    One sends more than the limit, and then the other one does.
    [Tags]    wants-limit
    ${sara} =    A Free User    sara
    ${timo} =    A Free User    timo
    Say More Than The Limit Allows    ${sara}    hers
    Say More Than The Limit Allows    ${timo}    his
    Record Stored Messages Of Users    ${sara}    ${timo}
    Law Should Hold    admits-exactly    full windows=2
