*** Settings ***
Documentation       Requests that are begun now and answered later.

Resource            provider.resource

Suite Setup         Open The Real Provider


*** Test Cases ***
Answer Is Taken Later
    [Documentation]    The test goes on meanwhile, and several may be under way.
    Open Session    ${SERVER}[issuer]
    Begin Request    login    GET    /login
    Begin Request    nowhere    GET    /nowhere
    Wait For Answer    nowhere    status=404
    ${login}    Wait For Answer    login
    Should Be Equal    ${login.status}    ${200}
    Run Keyword And Expect Error    No begun request has the alias 'login'*    Wait For Answer    login

Address May Be A Secret
    [Documentation]    It is shown nowhere, the name of the request is.
    Open Session    ${SERVER}[issuer]    alias=visitor
    ${secret}    Change Url    ${SERVER}[issuer]/login    ticket=anything
    Begin Request    login    GET    ${secret}
    Wait For Answer    login
    ${answers}    Send Requests At Once    GET    ${secret}    sessions=visitor, visitor
    Length Should Be    ${answers}    2

Request Under Way Is Told From One That Is Over
    [Documentation]    A server that never answers, and one that has.
    ${address}    A Silent Server
    Open Session    ${address}    alias=silent
    Begin Request    stuck    GET    /    session=silent
    Request Should Be Under Way    stuck
    Open Session    ${SERVER}[issuer]
    Begin Request    login    GET    /login
    Request Should Be Over    login

No Answer Is Told
    [Documentation]    With the request's name, and in time.
    ${address}    A Silent Server
    Open Session    ${address}
    Begin Request    stuck    GET    /
    Run Keyword And Expect Error
    ...    Expected: an answer to GET / ('stuck')*Seen: none after 0.1 s*
    ...    Wait For Answer    stuck    timeout=100 ms

Status And Connection Are Checked
    [Documentation]    As by Send Request.
    Open Session    ${SERVER}[issuer]
    Begin Request    nowhere    GET    /nowhere
    Run Keyword And Expect Error    *answers a status below 400*Seen: 404*    Wait For Answer    nowhere
    Open Session    http://127.0.0.1:9    alias=nobody
    Begin Request    lost    GET    /    session=nobody
    Run Keyword And Expect Error    *reaches a server*    Wait For Answer    lost

Name Is Taken Once
    [Documentation]    While its request is under way.
    ${address}    A Silent Server
    Open Session    ${address}
    Begin Request    one    GET    /
    Run Keyword And Expect Error
    ...    Expected: a free alias for the begun request*'one' is taken*
    ...    Begin Request    one    GET    /

Upload Is Begun As Requests Are
    [Documentation]    The file goes out while the test goes on.
    ${address}    A Silent Server
    Open Session    ${address}
    Begin Upload    report    /files    ${CURDIR}${/}requests.robot    form=${{ {'thread': '7'} }}
    Request Should Be Under Way    report
    ${sent}    Get Requests Of The Silent Server
    Should Start With    ${sent}    POST /files HTTP/1.1
    Should Contain    ${sent}    name="thread"
    Should Contain    ${sent}    filename="requests.robot"
    Run Keyword And Expect Error    *a file to upload*there is none at /no/such.pdf    Begin Upload    lost    /    /no/such.pdf

Request Of A Test Ends With It
    [Documentation]    The one before had one of this name under way.
    Run Keyword And Expect Error    No begun request has the alias 'one'*    Wait For Answer    one


*** Keywords ***
A Silent Server
    [Documentation]    The address of a server that takes connections and says nothing.
    ${server}    Evaluate    socket.create_server(('127.0.0.1', 0))    modules=socket
    VAR    ${LISTENING}    ${server}    scope=TEST
    RETURN    http://127.0.0.1:${server.getsockname()[1]}

Get Requests Of The Silent Server
    [Documentation]    What its first client has sent, up to the end of the form.
    Evaluate    $LISTENING.settimeout(5)
    ${client}    Evaluate    $LISTENING.accept()[0].makefile('rb')
    ${lines}    Evaluate    list(itertools.takewhile(lambda line: line.strip() != b'*** Settings ***', $client))
    ...    modules=itertools
    ${text}    Evaluate    b''.join($lines).decode()
    RETURN    ${text}

Request Should Be Over
    [Documentation]    The check of what is under way tells how it ended.
    [Arguments]    ${name}
    ${oauth}    Get Library Instance    realstack.OAuth
    Evaluate    $oauth.requests.begun.get($name).future.exception(5)
    Run Keyword And Expect Error
    ...    INVALID: Expected: GET /login ('login') to be under way*200*
    ...    Request Should Be Under Way    ${name}
