*** Settings ***
Documentation       Opening connections, and what there is to know about open ones.

Library             realstack.WebSocket
Library             ../../support/WebSocketServer.py

Suite Setup         Note Server URL


*** Test Cases ***
Open Connection Becomes The Current One
    ${first} =    Open Connection    ${URL}/echo    first
    Open Connection    ${URL}/echo    second
    Should Be Equal    ${first}    first
    ${before} =    Switch Connection    first
    Should Be Equal    ${before}    second
    Get Connections    ==    first, second
    Get Connection State    ==    open
    Get Handshake Status    ==    101
    Get Handshake Time    <    1 min

Alias Is Made Up When None Is Given
    ${alias} =    Open Connection    ${URL}/echo
    Should Match Regexp    ${alias}    ^connection-\\d+$

Several Open At The Same Moment
    ${times} =    Open Connections    ${URL}/echo    tab1    tab2    tab3
    Length Should Be    ${times}    3
    Server Should Have Connections    3

Subprotocol And Headers Are Negotiated
    ${credential} =    Get Token Subprotocol    ${TOKEN}
    VAR    @{offer}    jwt-auth    ${credential}
    VAR    &{headers}    Authorization=${TOKEN}    X-Extra=yes
    Open Connection    ${URL}/headers    subprotocols=${offer}    headers=${headers}    origin=http://page.test
    Get Subprotocol    ==    jwt-auth
    Get Handshake Header    upgrade    ==    websocket
    Wait For Frame    headers    payload.Origin=http://page.test    payload.X-Extra=yes

Ping Is Answered
    Open Connection    ${URL}/echo
    Get Ping Time    <    1 min
    Connection Should Be Open

Ping Without An Answer Fails
    Open Connection    ${URL}/deaf    deaf
    Run Keyword And Expect Error    *a pong on connection 'deaf' within 0.05 s*still looks open*
    ...    Connection Should Be Open    timeout=50ms

Local Port Is Known
    Open Connection    ${URL}/echo
    ${port} =    Get Local Port
    Should Be True    $port > 0

Alias Of An Open Connection Is Refused
    Open Connection    ${URL}/echo    tab
    Run Keyword And Expect Error    *a free alias for the connection*'tab' is taken, opened by '*.${TEST NAME}'*
    ...    Open Connection    ${URL}/echo    tab
    Close Connection
    Open Connection    ${URL}/echo    tab

Unknown Alias Names The Open Ones
    Run Keyword And Expect Error    There is no connection. Use ?Open Connection? first.    Get Connection State
    Open Connections    ${URL}/echo    tab1    tab2
    Run Keyword And Expect Error    No connection has the alias 'tab9'. Open are: tab1, tab2.*
    ...    Switch Connection    tab9

Doubled Aliases Are Refused
    Run Keyword And Expect Error    Aliases must differ; given twice: a    Open Connections    ${URL}/echo    a    b    a
    Run Keyword And Expect Error    Name at least one alias    Open Connections    ${URL}/echo

Bad URL And Bad Time
    Run Keyword And Expect Error    *a WebSocket URL and valid options*    Open Connection    http://127.0.0.1/
    Run Keyword And Expect Error    ValueError:*'timeout'*soon*    Open Connection    ${URL}/echo    timeout=soon
    Run Keyword And Expect Error    A time can't be negative*    Open Connection    ${URL}/echo    timeout=-1s

Refused Handshake Explains Itself
    [Template]    Handshake Should Fail With
    /status/401    HTTP 401*Remedy: No credential reached the server*
    /status/403    HTTP 403*check origin=*
    /status/404    HTTP 404*check the URL*
    /status/503    HTTP 503*wait for its readiness*

One Of Several That Fails Closes All
    Run Keyword And Expect Error    2 of 2 connections could not be opened, 'a' first.*b.*HTTP 401*
    ...    Open Connections    ${URL}/status/401    a    b
    Get Connections    ==    ${EMPTY}

Refusal Is Expected
    ${refusal} =    Connection Should Be Refused    ${URL}/status/403    status=403
    Should Start With    ${refusal}[body]    refused: nobody
    ${refusal} =    Connection Should Be Refused    ${URL}/close/1008    code=1008
    Should Be Equal    ${refusal}[reason]    as you wish
    ${refusal} =    Connection Should Be Refused    ${URL}/status/302    status=302
    Should Be Equal    ${refusal}[headers][location]    /echo

Secret URL Is Opened And Not Shown
    VAR    ${url: Secret}    ${{robot.api.types.Secret($URL + '/echo?token=s3cr3t-of-the-url-0001')}}
    Open Connection    ${url}    tab
    Run Keyword And Expect Error    *a refused connection to */echo?…, with status 401*was still open*
    ...    Connection Should Be Refused    ${url}    status=401    timeout=500ms

One Text, Texts Between Commas Or A List Are Subprotocols
    [Template]    Subprotocol Should Be Agreed
    jwt-auth
    other, jwt-auth
    \['other', 'jwt-auth']
    ${{['other', 'jwt-auth']}}

Host And Other Headers Are Sent Once
    VAR    &{headers}    Host=chat.example.com    User-Agent=curious    Origin=http://page.test
    Open Connection    ${URL}/headers    tab    headers=${headers}    max_size=1 MiB
    Wait For Frame    headers    payload.User-Agent=curious    payload.Origin=http://page.test
    Run Keyword And Expect Error    *each header of the handshake once*'Origin' in headers=*origin=*
    ...    Open Connection    ${URL}/headers    headers=${headers}    origin=http://other.test

Unexpected Kind Of Refusal Fails
    Run Keyword And Expect Error    *a refused connection to ${URL}/status/403, with status 401*Seen: status 403*
    ...    Connection Should Be Refused    ${URL}/status/403    status=401
    Run Keyword And Expect Error    *a refused connection*was still open after 0.5 s*
    ...    Connection Should Be Refused    ${URL}/echo    timeout=500ms
    Run Keyword And Expect Error    *nothing*    An Address Without A Server    ws://127.0.0.1:1/

Cookie Of The Handshake Can Be Used
    ${url} =    Server URL
    Open Connection    ${url}/cookie
    ${cookie} =    Get Handshake Cookie    session
    Should Be True    $cookie.value == 'a-session-of-the-handshake-0123456789'
    ${header} =    Get Handshake Header    Set-Cookie    ==    <hidden>
    Should Be True    $header.value.endswith('Path=/; HttpOnly')
    Run Keyword And Expect Error    *sets the cookie 'other'*it sets session    Get Handshake Cookie    other


*** Keywords ***
Note Server URL
    [Documentation]    Starts the server, and makes a credential.
    ${url} =    Server URL
    VAR    ${URL}    ${url}    scope=SUITE
    VAR    ${TOKEN: Secret}    ${{robot.api.types.Secret('a-token-' + 'k7' * 30)}}    scope=SUITE

Subprotocol Should Be Agreed
    [Documentation]    The server selects one of those that are offered.
    [Arguments]    ${offered}
    Open Connection    ${URL}/echo    tab    subprotocols=${offered}
    Get Subprotocol    ==    jwt-auth
    Close Connection

Handshake Should Fail With
    [Documentation]    The error explains the HTTP status.
    [Arguments]    ${path}    ${text}
    Run Keyword And Expect Error    Expected: an open WebSocket connection*${text}    Open Connection    ${URL}${path}

An Address Without A Server
    [Documentation]    Nothing that listens is told apart from a refusal.
    [Arguments]    ${url}
    TRY
        Connection Should Be Refused    ${url}
    EXCEPT    *the connection was refused*    type=GLOB
        Fail    nothing listens is not a refusal
    END
