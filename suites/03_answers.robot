*** Settings ***
Documentation       Answers that are hard: to compute, to tell apart, to see through to their end.
Resource            ../resources/journey.resource
Resource            ../resources/answers.resource
Resource            ../resources/stops.resource
Suite Setup         Prepare The Services
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}


*** Test Cases ***
Hard Questions That Are Asked At Once Are Each Answered Right
    [Documentation]    Of nothing, of one, of an even count, huge, negative, long, without a value: all in one thread, none
    ...    waiting for another, and each answer says which question it answers.
    [Tags]    wants-exact-answers
    ${hana} =    A Paid User    hana
    Open Tabs    ${hana}    tab
    ${thread} =    A New Thread
    ${ids} =    Ask Hard Questions At Once    tab    ${thread}
    Each Hard Question Should Have Its Answer    ${hana}    tab    ${ids}

What Is Hard To Read Is Answered To The Letter
    [Documentation]    Signs, powers, rests and percents, lists, what can't be computed, and commands with and without their small
    ...    words: each gets the whole answer that is right, and nothing else.
    [Tags]    wants-exact-answers
    ${jana} =    A Paid User    jana
    Open Tabs    ${jana}    tab
    ${thread} =    A New Thread
    Answers Should Be Right To The Letter    tab    ${thread}

What Was Said Before Is Found
    [Documentation]    In any conversation, by all of the words or as it was said, in small letters or capitals, of one's own
    ...    words only, and of no search; of many the newest, and how many there are.
    [Tags]    wants-exact-answers
    ${mona} =    A Paid User    mona
    Open Tabs    ${mona}    tab
    What Was Said Should Be Found    ${mona}    tab

Tools Are Called As Questions Need Them
    [Documentation]    Calculations, searches, lists, summaries, and small talk, all at once: the right tools, in their order,
    ...    with the right arguments. All that a tab is told is what is stored.
    [Tags]    wants-exact-answers    wants-ledger
    ${lena} =    A Paid User    lena
    Open Tabs    ${lena}    tab
    ${thread} =    A New Thread
    Tools Should Be Called As Questions Need Them    tab    ${thread}
    Tab Should Be Told What Is Stored    ${lena}    tab

A Long Answer Flows
    [Documentation]    Its first word comes soon, no next one is long in coming, and it ends in time: on the tab that asked, and
    ...    on another replica.
    [Tags]    wants-computed-answers    wants-two-replicas
    ${karl} =    A Paid User    karl
    Open Tabs On Each Replica    ${karl}    here    there
    ${thread} =    A New Thread
    Record How Long Answers May Take
    Ask The Long Question    ${karl}    here    ${thread}
    Law Should Hold    answers-flow    within=${FIGURES.answer_time}    answers=2    pieces=20

A Conversation Flows
    [Documentation]    One question after another, more than one user has places for: each answer begins soon, as the first did.
    [Tags]    wants-agent-queue    wants-computed-answers
    ${carl} =    A Paid User    carl
    Open Tabs    ${carl}    tab
    ${thread} =    A New Thread
    Record How Long Answers May Take
    Ask One After Another    ${carl}    tab    ${thread}
    Law Should Hold    answers-flow    within=${FIGURES.answer_time}    answers=5    pieces=5

An Answer That Takes Long Stays With Its Agent
    [Documentation]    It takes longer than what a silent agent left would wait for another one.
    [Tags]    wants-agent-queue    wants-held-steps
    ${ivo} =    A Paid User    ivo
    Open Tabs    ${ivo}    tab
    ${thread} =    A New Thread
    Answer Should Be Worked On Once    ${ivo}    tab    ${thread}

A Tab That Is Held Up Hears All Of An Answer
    [Documentation]    It asks for its conversation behind something that stands still; meanwhile a question is asked, and
    ...    answered, on another tab.
    [Tags]    wants-fan-out    wants-held-steps    wants-resume
    ${lisa} =    A Paid User    lisa
    Open Tabs    ${lisa}    here    there
    ${thread} =    A New Thread
    Ask    ${lisa}    here    ${thread}    What is 2 + 2?
    Let Tab Stand In Line    there    ${thread}    2
    Ask    ${lisa}    here    ${thread}    What is 3 + 3?
    Let Step Go On    marking
    Everything Said Should Be Everywhere    ${lisa}

An Answer That Waited Long Comes While Nobody Listens
    [Documentation]    It begins and ends while a replica hears nothing; on its tabs all of it is seen all the same. Agents tell
    ...    how many answers they are at; that what waits is none of them.
    [Tags]    needs-pause    wants-held-steps    wants-metrics    wants-two-replicas
    ${olli} =    A Paid User    olli
    Open Tabs On Each Replica    ${olli}    here    there
    ${thread} =    A New Thread
    Agents' Queue Should Be Empty
    ${before} =    Get Counted
    Let A Question Wait Since Yesterday    ${olli}    here    ${thread}
    Counted Should Have Grown    ${before}    answers in work=${PLACES_OF_USER}
    Let Answers Come While Nobody Is Listening    ${olli}    here
    Everything Said Should Be Everywhere    ${olli}

What Was Missed Of An Answer Comes Before What Follows
    [Documentation]    A replica hears nothing for a while in the middle of an answer, and more of that comes before it could look
    ...    what it missed.
    [Tags]    needs-pause    wants-computed-answers    wants-fan-out    wants-held-steps    wants-two-replicas
    ${oda} =    A User Whose Long Answer Is Under Way    oda    here    there
    Hold Up Looking For What Was Missed
    Let Replica Of Tab Miss Some Of An Answer    there    here
    Let Step Go On    looking
    Law Should Hold    agent-stream    within=${FIGURES.answer_time}    tabs=2
    Everything Said Should Be Everywhere    ${oda}
    Receipts Should Be In

A Question That Kills Its Agents Is Given Up
    [Documentation]    Agents have died at it as often as it may be tried, and its user is told that nothing comes of it. Else
    ...    they would die at it for ever.
    [Tags]    needs-kill    wants-agent-queue    wants-held-steps
    ${kira} =    A Paid User    kira
    Open Tabs    ${kira}    tab
    ${thread} =    A New Thread
    Question Should Be Given Up    ${kira}    tab    ${thread}

An Answer Whose Keeping Broke Off Is Kept
    [Documentation]    It does not stay with the agent that is at it no more. That one tells of it, as of what nobody foresaw.
    [Tags]    wants-agent-queue    wants-held-steps
    ${nora} =    A Paid User    nora
    Open Tabs    ${nora}    tab
    ${thread} =    A New Thread
    Answer Should Outlive A Broken Attempt    ${nora}    tab    ${thread}
    Everything Said Should Be Everywhere    ${nora}    tabs=1
    [Teardown]    NONE

Services Count What They Did
    [Documentation]    Of three tabs of one session and two answers, each exactly once, whoever closes a tab; and no tab that is
    ...    closed. Nobody outside is told.
    [Tags]    wants-metrics    wants-revocation
    ${nell} =    A Paid User    nell
    Watch Open Sockets
    ${before} =    Get Counted
    Open Tabs    ${nell}    one    two    three    at=${ONE_REPLICA}
    Ask Twice    ${nell}    one
    Counted Should Have Grown    ${before}
    ...    open sockets=3    sessions with a socket=1    sockets that opened=3    finished answers=2
    Let One Tab Go And Close The Others    ${nell}    three
    Sockets Should Be Over    ${before}    opened=3    answers=2
    Metrics Should Open To Nobody Outside    ${nell}
    Law Should Hold    no-entry    within=0 s
