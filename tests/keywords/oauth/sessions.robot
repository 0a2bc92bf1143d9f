*** Settings ***
Documentation       HTTP sessions: cookies, status, many at once, and whose they are.

Resource            provider.resource

Suite Setup         Open The Real Provider


*** Test Cases ***
Cookies Are Kept By Session
    Open Session    ${SERVER}[issuer]    alias=one
    Open Session    ${SERVER}[issuer]    alias=two
    Send Request    GET    /login    session=one
    Get Cookie Names    contains    canaille    session=one
    Get Cookie Names    ==    []    session=two
    Get Cookie Attribute    canaille    httponly    ==    True    session=one

Cookie Can Be Moved To Another Session
    Open Session    ${SERVER}[issuer]    alias=one
    Open Session    ${SERVER}[issuer]    alias=two
    Send Request    GET    /login    session=one
    ${cookie}    Get Cookie    canaille    session=one
    Set Cookie    canaille    ${cookie}    session=two
    Get Cookie Names    ==    ["canaille"]    session=two
    Delete Cookie    canaille    session=two
    Get Cookie Names    ==    []    session=two

Missing Cookie Is Told
    Open Session    ${SERVER}[issuer]
    Run Keyword And Expect Error    *holds the cookie 'refresh_token'*it holds none    Get Cookie    refresh_token
    Run Keyword And Expect Error    *the session holds the cookie*    Delete Cookie    refresh_token
    Run Keyword And Expect Error    *has set the cookie*    Get Cookie Attribute    refresh_token    path

Status Is Checked
    Open Session    ${SERVER}[issuer]
    Send Request    GET    /login    status=200
    Send Request    GET    /nowhere    status=404
    Send Request    GET    /nowhere    status=any
    Run Keyword And Expect Error
    ...    Expected: GET ${SERVER}[issuer]/nowhere answers a status below 400*Seen: 404*
    ...    Send Request    GET    /nowhere

JSON And Bearer
    ${tokens}    Request Client Tokens    provider=admin
    Open Session    ${SERVER}[scim_url]
    ${answer}    Send Request    GET    /Users    bearer=${tokens.access_token}
    Should Be Equal    ${answer.json}[schemas]    ${{['urn:ietf:params:scim:api:messages:2.0:ListResponse']}}
    Run Keyword And Expect Error    *answers a status below 400*Seen: 401*    Send Request    GET    /Users

Many At Once
    Open Session    ${SERVER}[issuer]    alias=one
    Open Session    ${SERVER}[issuer]    alias=two
    ${answers}    Send Requests At Once    GET    /login    sessions=${{['one', 'two', 'one']}}
    Length Should Be    ${answers}    3
    Run Keyword And Expect Error
    ...    Expected: a token for each of the 2 sessions*
    ...    Send Requests At Once    GET    /login    sessions=${{['one', 'two']}}    bearers=${{[]}}

Session Of A Test Ends With It
    Run Keyword And Expect Error
    ...    No session has the alias 'one'. Open are: none. Use ?Open Session? first.
    ...    Send Request    GET    /login    session=one

Relative URL Needs A Base
    Open Session
    Run Keyword And Expect Error    *an http or https URL*Remedy:*    Send Request    GET    /login

Alias Is Taken Once
    Open Session    alias=one
    Run Keyword And Expect Error    Expected: a free alias for the session*'one' is taken*    Open Session    alias=one

Current Session Can Be Switched
    Open Session    ${SERVER}[issuer]    alias=one
    Open Session    http://127.0.0.1:9    alias=two
    ${before}    Switch Session    one
    Should Be Equal    ${before}    two
    Send Request    GET    /login
    Close Session
    Run Keyword And Expect Error    *reaches a server*    Send Request    GET    /login

File To Upload Must Be There
    Open Session    ${SERVER}[issuer]
    Run Keyword And Expect Error    *a file to upload*there is none at /no/such.pdf    Upload File    /upload    /no/such.pdf
