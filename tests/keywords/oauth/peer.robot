*** Settings ***
Documentation       A provider that nobody here wrote, with clients of each kind: oidc-provider (npm).

Library             realstack.OAuth
Library             ../../support/OidcPeer.py

Suite Setup         Start The Peer
Test Tags           peer


*** Variables ***
@{PRESS}        Continue    Yes, sign me out


*** Test Cases ***
Each Kind Of Client Signs A User In
    [Template]    Client Should Get Verified Tokens
    basic       RS256    client_secret=${SERVER}[secret]
    hmac        RS256    client_secret=${SERVER}[secret]    client_auth=client_secret_jwt
    signer      RS256    client_key=${SERVER}[key]
    modern      EdDSA    client_secret=${SERVER}[secret]

Client With Another Key Is Refused
    Open Client    signer    client_key=${SERVER}[another_key]
    Request Client Tokens    refused=invalid_client

Assertion For Another Server Is Refused
    Open Client    signer    client_key=${SERVER}[key]    assertion_audience=https://another.example
    Request Client Tokens    refused=invalid_client
    Open Client    signer    client_key=${SERVER}[key]    assertion_audience=${SERVER}[issuer]
    Request Client Tokens    refused=unsupported_grant_type

Pushed Request Is Taken And Nothing Else
    Open Client    pushing    client_secret=${SERVER}[secret]
    ${request}    Create Authorization Request
    ${end}    Follow The Pages    ${request.url}
    Should Be Equal    ${end.error}    invalid_request
    ${pushed}    Push Authorization Request    ${request}
    ${tokens}    Get Tokens    ${pushed}
    Verify Token    ${tokens.id_token}    nonce=${request.nonce}

Pushed Request With Another Address Is Refused
    Open Client    basic    client_secret=${SERVER}[secret]
    ${request}    Create Authorization Request    redirect_uri=http://127.0.0.1:9/elsewhere
    Push Authorization Request    ${request}    refused=invalid_request

Device Gets Its Tokens When The User Confirms
    Open Client    basic    client_secret=${SERVER}[secret]
    ${device}    Start Device Authorization
    Exchange Device Code    ${device}    refused=authorization_pending
    ${end}    Follow The Pages    ${device.verification_uri}    user_code=${device.user_code}    stop_before=${EMPTY}
    Should Be Equal    ${end.status}    ${200}
    ${tokens}    Wait For Device Tokens    ${device}    interval=0.1 s
    Verify Token    ${tokens.id_token}
    Exchange Device Code    ${device}    refused=invalid_grant

Device Whose User Says No Is Told So
    Open Client    basic    client_secret=${SERVER}[secret]
    ${device}    Start Device Authorization
    Open Session
    Sign In With Forms    ${device.verification_uri_complete}    press=abort=yes
    Wait For Device Tokens    ${device}    interval=0.1 s    refused=access_denied

Bound Token Works With A Proof Only
    Open Client    bound    client_secret=${SERVER}[secret]    dpop=ES256
    ${request}    Create Authorization Request
    ${tokens}    Get Tokens    ${request}
    Should Be Equal    ${tokens.token_type}    DPoP
    Get User Info    ${tokens.access_token}    name    ==    Reader ann
    Only A Fresh Proof Should Open User Info    ${tokens.access_token}
    ${thumbprint}    Get Dpop Thumbprint
    ${confirmation}    Get Introspection    ${tokens.access_token}    cnf
    Should Be Equal    ${confirmation}[jkt]    ${thumbprint}

Client Without A Key Gets No Bound Token
    Open Client    bound    client_secret=${SERVER}[secret]
    ${request}    Create Authorization Request
    ${end}    Follow The Pages    ${request.url}
    ${code}    Get Code    ${end.callback}    ${request}
    Exchange Code    ${code}    ${request}    refused=invalid_grant
    Run Keyword And Expect Error    *was opened without*dpop=ES256*    Create Dpop Headers    GET    http://127.0.0.1:9/

Answer Comes By Each Mode
    [Template]    Answer Should Come By
    query
    fragment
    form_post
    jwt
    fragment.jwt
    form_post.jwt

Hybrid Answer Brings A Code And A Token
    Open Client    hybrid    client_secret=${SERVER}[secret]    redirect_uri=${SERVER}[implicit_redirect_uri]
    ${request}    Create Authorization Request    response_type=code id_token
    ${end}    Follow The Pages    ${request.url}
    ${answer}    Get Authorization Answer    ${end.callback}    ${request}
    Verify Token    ${answer.id_token}    nonce=${request.nonce}    code=${answer.code}
    ${another}    Get Authorization Answer    ${end.callback}
    Get Token Problems    ${answer.id_token}    ==    ["code_hash"]    code=${another.id_token}
    Exchange Code    ${answer.code}    ${request}

Answer Without A Code Is Refused By Name
    Open Client    hybrid    client_secret=${SERVER}[secret]    redirect_uri=${SERVER}[implicit_redirect_uri]
    ${request}    Create Authorization Request    response_type=id_token    pkce=none
    ${end}    Follow The Pages    ${request.url}
    Run Keyword And Expect Error
    ...    *carries a code*the parameters id_token*Get Authorization Answer*
    ...    Get Code    ${end.callback}    ${request}
    ${answer}    Get Authorization Answer    ${end.callback}    ${request}
    Verify Token    ${answer.id_token}    nonce=${request.nonce}

Session Ends And The Client Is Told
    Open Client    basic    client_secret=${SERVER}[secret]
    ${request}    Create Authorization Request
    ${tokens}    Get Tokens    ${request}
    ${logout}    Create Logout Request    ${tokens.id_token}    redirect_uri=${SERVER}[after_logout]
    ${end}    Sign In With Forms    ${logout.url}    press=${PRESS}    stop_before=${SERVER}[after_logout]
    Logout Should Be Answered    ${end.callback}    ${logout}
    ${session_id}    Get Claim    ${tokens.id_token}    sid
    ${token}    Wait For Logout Token    session_id=${session_id}
    Verify Logout Token    ${token}    subject=ann    session_id=${session_id}
    Run Keyword And Expect Error    *1 reasons to refuse it*session*    Verify Logout Token    ${token}    session_id=another

Way Out Of The Login Is A Link
    Open Client    basic    client_secret=${SERVER}[secret]
    ${request}    Create Authorization Request
    ${end}    Follow The Pages    ${request.url}    press=Cancel
    Should Be Equal    ${end.error}    access_denied

Signed User Info Is Verified
    Open Client    modern    client_secret=${SERVER}[secret]
    ${request}    Create Authorization Request
    ${tokens}    Get Tokens    ${request}
    Get User Info    ${tokens.access_token}    email    ==    ann@example.org    subject=ann


*** Keywords ***
Start The Peer
    [Documentation]    The provider, and what it tells of ended sessions.
    ${url}    Start Logout Receiver
    ${started}    Start Oidc Provider    ${url}
    VAR    ${SERVER}    ${started}    scope=SUITE

Open Client
    [Documentation]    Opens the provider as one of its clients.
    [Arguments]    ${client}    ${redirect_uri}=${SERVER}[redirect_uri]    &{settings}
    Open Provider    ${SERVER}[issuer]    ${client}    redirect_uri=${redirect_uri}    timeout=20 s    &{settings}
    VAR    ${BACK}    ${redirect_uri}    scope=TEST

Follow The Pages
    [Documentation]    Takes Ann through the provider's pages, in the session that is open or in a new one.
    [Arguments]    ${url}    ${user_code}=${EMPTY}    ${press}=${PRESS}    ${stop_before}=${BACK}
    VAR    &{fields}    login=ann    password=${SERVER}[password]    user_code=${user_code}
    Open Session
    ${end}    Sign In With Forms    ${url}    fields=${fields}    press=${press}    stop_before=${stop_before}    timeout=20 s
    RETURN    ${end}

Get Tokens
    [Documentation]    Signs Ann in and exchanges her code.
    [Arguments]    ${request}
    ${end}    Follow The Pages    ${request.url}
    ${code}    Get Code    ${end.callback}    ${request}
    ${tokens}    Exchange Code    ${code}    ${request}
    RETURN    ${tokens}

Client Should Get Verified Tokens
    [Documentation]    The client signs Ann in, and her ID token is signed as it should be.
    [Arguments]    ${client}    ${algorithm}    &{settings}
    Open Client    ${client}    &{settings}
    ${request}    Create Authorization Request
    ${tokens}    Get Tokens    ${request}
    Verify Token    ${tokens.id_token}    nonce=${request.nonce}    access_token=${tokens.access_token}
    Get Token Header    ${tokens.id_token}    alg    ==    ${algorithm}

Answer Should Come By
    [Documentation]    The code comes in that way, and is good.
    [Arguments]    ${mode}
    Open Client    modern    client_secret=${SERVER}[secret]
    ${request}    Create Authorization Request    response_mode=${mode}
    ${tokens}    Get Tokens    ${request}
    Verify Token    ${tokens.id_token}    nonce=${request.nonce}

Only A Fresh Proof Should Open User Info
    [Documentation]    Neither the bare token, nor a proof that was used, nor one of another request does.
    [Arguments]    ${token}
    ${url}    Get Provider Metadata    userinfo_endpoint
    Send Request    GET    ${url}    bearer=${token}    status=401
    ${headers}    Create Dpop Headers    GET    ${url}    ${token}
    Send Request    GET    ${url}    headers=${headers}    status=200
    Send Request    GET    ${url}    headers=${headers}    status=401
    ${wrong}    Create Dpop Headers    PUT    ${url}    ${token}
    Send Request    GET    ${url}    headers=${wrong}    status=401
