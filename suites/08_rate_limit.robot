*** Settings ***
Documentation       The free plan's limit on real Redis: in one window exactly so many messages are admitted, the first ones.
Resource            ../resources/journey.resource
Resource            ../resources/files.resource
Resource            ../resources/limits.resource
Suite Setup         Prepare The Journey
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Tags           wants-limit


*** Test Cases ***
Free User Is Limited Until The Window Ends Or The Plan Changes
    [Documentation]    Of ten messages five pass and the sixth is refused with the time to wait, as Redis counts; after that time
    ...    sending works again; upgraded to paid, the limit is gone at once.
    [Tags]    critical
    ${dan} =    A Free User    dan
    ${thread} =    A New Thread
    Open Tabs    ${dan}    tab
    Send More Than The Limit    ${dan}    tab    ${thread}
    Record Counter Of Redis    ${dan}
    Wait As Told    tab
    Send More Than The Limit    ${dan}    tab    ${thread}
    Upgrade User    ${dan}
    Send More Than The Limit    ${dan}    tab    ${thread}
    Limit Should Have Held    ${dan}    full_windows=2

Tabs On Two Replicas That Race Share One Limit
    [Documentation]    Ten tabs on both replicas send at the same moment, and Redis is asked by all at once.
    [Tags]    needs-faults    needs-pause    wants-two-replicas
    ${eve} =    A Free User    eve
    ${thread} =    A New Thread
    ${tabs} =    Get Numbered Names    tab    ${FIGURES.rate_tries}
    Open Tabs On Each Replica    ${eve}    @{tabs}
    Pause Redis While All Tabs Send    ${eve}    ${thread}    @{tabs}
    Limit Should Have Held    ${eve}
    Receipts Should Be In

Window Begins With Its First Message
    [Documentation]    Whoever sends the rest half a window later is told to wait for the half that is left, and may send then.
    ${fay} =    A Free User    fay
    ${thread} =    A New Thread
    Open Tabs    ${fay}    tab
    Send Messages Quickly    ${fay}    tab    ${thread}    1
    Wait Without Refusal    tab    ${HALF_A_WINDOW}
    Send More Than The Limit    ${fay}    tab    ${thread}
    Wait As Told    tab
    Send More Than The Limit    ${fay}    tab    ${thread}
    Limit Should Have Held    ${fay}    full_windows=2

Edges Of Windows Are Sharp
    [Documentation]    Whoever tries on and on is admitted as often as the plan says, in the first window and in the next.
    ${gus} =    A Free User    gus
    ${thread} =    A New Thread
    Open Tabs    ${gus}    tab
    Try On And On    ${gus}    tab    ${thread}    ${A_WINDOW_AND_MORE}
    Limit Should Have Held    ${gus}    full_windows=2

Time To Wait Is Honoured
    [Documentation]    A moment before the time told, it is refused again; at that time it is admitted.
    ${hal} =    A Free User    hal
    ${thread} =    A New Thread
    Open Tabs    ${hal}    tab
    ${ids} =    Send More Than The Limit    ${hal}    tab    ${thread}
    Wait Almost As Told    tab
    Send Message    ${hal}    tab    ${thread}    Too early    id=${ids}[-1]
    Wait As Told    tab
    Send The Same Messages Again    ${hal}    tab    ${thread}    ${ids}
    All Should Be Decided    ${ONE_AND_TWICE_THE_TRIES}
    Limit Should Have Held    ${hal}

Nothing Is Admitted While Redis Is Down
    [Documentation]    The declared policy: messages are refused and say so, nothing is stored; with Redis the limit is back.
    [Tags]    needs-kill    needs-restart    wants-upload
    ${ida} =    A Free User    ida
    ${thread} =    A New Thread
    Open Tabs    ${ida}    tab
    Kill Redis
    Upload Should Be Refused For Want Of Redis    ${ida}    ${thread}
    ${ids} =    Send More Than The Limit    ${ida}    tab    ${thread}
    Start Redis
    Send More Than The Limit    ${ida}    tab    ${thread}
    Limit Should Have Held    ${ida}
    Messages Should Be Refused For Want Of Redis    tab    ${ids}

Limit Outlives Redis
    [Documentation]    Redis dies and comes back within the window: what was counted before still counts.
    [Tags]    needs-kill    needs-restart
    ${jon} =    A Free User    jon
    ${thread} =    A New Thread
    Open Tabs    ${jon}    tab
    Send More Than The Limit    ${jon}    tab    ${thread}
    Kill Redis
    Start Redis
    Send More Than The Limit    ${jon}    tab    ${thread}
    Limit Should Have Held    ${jon}

Refused Message Is Neither Stored Nor Answered
    [Documentation]    The agents answer what was admitted, and nothing else is anywhere; after the window it is taken, too.
    ${kim} =    A Free User    kim
    ${thread} =    A New Thread
    Open Tabs    ${kim}    tab
    ${ids} =    Send More Than The Limit    ${kim}    tab    ${thread}
    Runs Should Be Over    ${kim}
    Limit Should Have Held    ${kim}
    Wait As Told    tab
    Send Message    ${kim}    tab    ${thread}    Note    id=${ids}[-1]
    Message Should Be Acknowledged    tab    ${ids}[-1]
    Everything Admitted Should Be Answered    ${kim}

Page Holds Back And Sends By Itself
    [Documentation]    What is typed is more than the plan admits: the page says so, holds it back, and sends it when it may.
    [Tags]    needs-browser    wants-outbox
    Page Should Hold Back And Send By Itself    lea

Page Whose Clock Is Ahead Waits As Told
    [Documentation]    The user's computer is an hour ahead of the platform: the page waits and sends as any other.
    [Tags]    needs-browser    wants-outbox
    Page Should Hold Back And Send By Itself    pam    clock=1 h

Page Whose Clock Is Behind Waits As Told
    [Tags]    needs-browser    wants-outbox
    Page Should Hold Back And Send By Itself    quin    clock=-1 h

Upgrade On The Page Lifts The Limit At Once
    [Documentation]    The button beside the limit makes the user a paying one; what was held back goes out in the same window.
    [Tags]    needs-browser
    ${max} =    A Free User In A Browser    max    page
    ${count} =    Say More Than The Limit    ${max}    page
    Page Should Tell The Limit    page    ${FIGURES.rate_limit}    waiting=2
    Upgrade On Page    page
    All Should Be Stored On Page    page    ${count}
    The Window Should Still Be Open    ${max}
    Stored Plan Should Be    ${max}    paid
    Page And Store Should Agree    ${max}    page
    Page Should Be As One Opened Later    page

Redis That Stands Still Admits Nobody Twice
    [Documentation]    Redis stops for longer than the platform waits: all is refused for want of it. What was asked meanwhile may
    ...    count late; the same messages sent again are admitted up to the limit, and no more.
    [Tags]    needs-pause
    ${ned} =    A Free User    ned
    ${thread} =    A New Thread
    ${tabs} =    Get Numbered Names    tab    ${FIGURES.rate_tries}
    Open Tabs    ${ned}    @{tabs}
    ${ids} =    Pause Redis Until All Have Given Up    ${ned}    ${thread}    @{tabs}
    Send The Same Messages Again    ${ned}    tab 1    ${thread}    ${ids}
    All Should Be Decided    ${TWICE_THE_TRIES}
    Limit Should Have Held    ${ned}
    Receipts Should Be In
