*** Settings ***
Documentation       Sending frames, waiting for them, and looking at them.

Library             Collections
Library             realstack.WebSocket
Library             ../../support/WebSocketServer.py

Test Setup          Open Echo


*** Test Cases ***
What Is Sent Comes Back
    Send Json    type=message    seq=${5}    payload.text=Hello    payload.done=${True}
    ${frame} =    Wait For Frame    message    payload.text=Hello    seq>=5    payload.done=true
    Should Be Equal    ${frame.payload.text}    Hello
    Should Be Equal As Integers    ${frame}[seq]    5

A Burst Keeps Its Order
    VAR    ${pings}    ${{ [{'type': 'ping', 'n': n} for n in range(200)] }}
    Send Json Burst    ${pings}
    ${frames} =    Wait For Frames    200    ping
    Should Be Equal    ${{ [frame['n'] for frame in $frames] }}    ${{ list(range(200)) }}

A Burst Of Nothing Is Refused
    Run Keyword And Expect Error    There is nothing to send*    Send Json Burst    ${{ [] }}

Ways To Match
    [Template]    Frame Should Match
    message
    type=message
    type==message
    payload.text*=ell
    payload.text^=Hel
    payload.text$=llo
    payload.text~=^H.*o$
    payload.text!=Bye

Ways To Match Numbers
    [Template]    Frame Should Match
    seq=5
    seq>4
    seq>=5
    seq<6
    seq<=5

Ways To Match Structures
    [Template]    Frame Should Match
    payload.items[0].id=a
    payload.items[-1].id=b
    payload.items[*].id=b
    payload.items exists
    error missing
    {"payload": {"text": "Hello"}}
    $.type=message

Frames That Arrived Between Keywords Count
    Send Json    type=first
    Send Json    type=second
    Wait For Frame    second
    Wait For Frame    first    timeout=0s

A Frame Answers One Wait
    Send Json    type=once
    Wait For Frame    once
    Run Keyword And Expect Error    *an earlier wait took it*    Wait For Frame    once    timeout=20ms

Only New Frames
    Send Json    type=old
    Get Frame Count    type=old    ==    1    timeout=2s
    Run Keyword And Expect Error    *none within*    Wait For Frame    old    timeout=20ms    only_new=True
    Wait For Frame    old    timeout=0s

Missing Frame Shows The Nearest
    Send Json    type=message    payload.text=Hullo
    Get Frame Count    ==    1    timeout=2s
    Run Keyword And Expect Error
    ...    *type=message${SPACE*2}payload.text=Hello*+ type=message*- payload.text is Hello, but was Hullo*
    ...    Wait For Frame    message    payload.text=Hello    timeout=20ms

Several Frames At Once
    Open Connection    ${URL}/burst    burst
    @{ticks} =    Wait For Frames    100    tick    timeout=5s
    Should Be Equal As Integers    ${ticks}[99][seq]    100
    Run Keyword And Expect Error    *2 frames with*none within*    Wait For Frames    2    tick    timeout=20ms
    Run Keyword And Expect Error    At least one frame*    Wait For Frames    0    tick

Each Connection Gets It
    Open Connections    ${URL}/burst    one    two
    ${frames} =    Wait For Frame On Each    tick    seq=100    aliases=one, two
    Dictionary Should Contain Key    ${frames}    two
    Run Keyword And Expect Error    Without the frame: echo, one, two. With it: no other.*
    ...    Wait For Frame On Each    nothing    timeout=20ms

Silence
    No Frame Should Arrive    error    within=20ms
    Send Json    type=error
    Run Keyword And Expect Error    *no frame with${SPACE*2}type=error*#2, which arrived*
    ...    No Frame Should Arrive    error    within=2s
    No Frame Should Arrive    error    within=20ms    only_new=True
    Take Frames
    No Frame Should Arrive    within=20ms

Silence On A Closed Connection Is Invalid
    Close Connection
    Run Keyword And Expect Error    INVALID:*so that the absence of*    No Frame Should Arrive    error    within=20ms

Promises Wait In The Background
    ${answer} =    Promise To Wait For Frame    answer
    ${other} =    Promise To Wait For Frame    other
    Send Json    type=other    n=${1}
    Send Json    type=answer    n=${2}
    ${frames} =    Wait For Promise    ${answer}    ${other}
    Should Be Equal As Integers    ${frames}[0][n]    2
    ${late} =    Promise To Wait For Frame    never    timeout=20ms
    Run Keyword And Expect Error    *none within*    Wait For Promise    ${late}

Frames Are Counted And Looked At
    Send Json    type=a
    Send Json    type=b
    Get Frame Count    ==    2    timeout=2s
    Get Frame Count    a    ==    1
    Get Frame Count    ==    2    direction=out
    Get Frame Count    >    3    direction=both
    ${frames} =    Get Frames    b    direction=both
    Length Should Be    ${frames}    2
    Run Keyword And Expect Error    Number of frames with${SPACE*2}type=a*should be '7'*
    ...    Get Frame Count    type=a    ==    7    timeout=20ms
    Log Frames

Half An Assertion
    Run Keyword And Expect Error    Behind the operator '=='*    Get Frame Count    ==

Text And Binary
    Send Frame    plain text
    Send Frame    ${{b'\x00\x01'}}
    Wait For Frame    $=plain text
    ${bytes} =    Wait For Frame
    Should Be Equal    ${bytes}    ${{b'\x00\x01'}}

Markup From Outside Is Only Text
    Send Json    type=message    payload.text=<script>alert(1)</script>
    Wait For Frame    message
    Log Frames

Bad Input
    [Template]    Keyword Should Refuse
    'what is this' is no match. Write*    Wait For Frame    what is this
    '([a' is not a regular expression*    Wait For Frame    type~=([a
    *starts like a JSON object but is none*    Wait For Frame    {"a"
    *'a..b' is not a path*    Wait For Frame    a..b=1
    Nothing to send*    Send Json
    'type.name' can't be set: 'name' is a field of an object*    Send Json    type=a    type.name=b
    'a?*?' can't be set*    Send Json    a[*]=b
    Fields can be put into an object*    Send Json    ${{[1]}}    a=b
    *a Secret*Credentials are masked*    Wait For Frame    payload.token=${{robot.api.types.Secret('x')}}
    *Give the promise*    Wait For Promise

Frames That Were Forgotten Are Not Counted As Missing
    Open Connection    ${URL}/burst    burst    ledger_size=60
    Wait For Frame    tick    seq=100
    Get Frame Count    ==    100
    Get Frame Count    tick    >=    60
    Get Frame Count    tick    seq=100    <    50
    Run Keyword And Expect Error    INVALID: *Seen: 60, and 40 frames were forgotten*ledger_size=*
    ...    Get Frame Count    tick    ==    100
    Run Keyword And Expect Error    INVALID: *    Get Frame Count    tick
    ${kept} =    Get Frames    tick
    Length Should Be    ${kept}    60

Any Number Of Those That Were Forgotten May Have Matched
    Open Connection    ${URL}/burst    burst    ledger_size=60
    Wait For Frame    tick    seq=100
    Run Keyword And Expect Error    INVALID: *    Get Frame Count    tick    ==    70
    Run Keyword And Expect Error    INVALID: *    Get Frame Count    tick    !=    ${70}
    Run Keyword And Expect Error    INVALID: *    Get Frame Count    tick    validate    value == 60
    Get Frame Count    tick    !=    101

Frames Of The Other Way Are Not Those That Were Forgotten
    Open Connection    ${URL}/quiet    quiet    ledger_size=10
    VAR    ${asked}    ${{ [{'type': 'ask', 'n': n} for n in range(30)] }}
    Send Json Burst    ${asked}
    Get Frame Count    tick    ==    0
    Run Keyword And Expect Error    INVALID: *10, and 20 frames were forgotten*
    ...    Get Frame Count    ask    ==    30    direction=out


*** Keywords ***
Open Echo
    [Documentation]    A connection that gets back what it sends.
    ${url} =    Server URL
    VAR    ${URL}    ${url}    scope=TEST
    Open Connection    ${URL}/echo    echo

Frame Should Match
    [Documentation]    Sends a frame that the match must find.
    [Arguments]    ${match}
    ${items} =    Evaluate    [{'id': 'a'}, {'id': 'b'}]
    Send Json    type=message    seq=${5}    payload.text=Hello    payload.items=${items}
    Wait For Frame    ${match}    timeout=2s

Keyword Should Refuse
    [Documentation]    With an error that tells why.
    [Arguments]    ${error}    ${keyword}    @{arguments}    &{named}
    Run Keyword And Expect Error    ${error}    ${keyword}    @{arguments}    &{named}
