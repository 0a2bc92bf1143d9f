*** Settings ***
Documentation       The rogue provider: it works like a good one, and gives one wrong answer at a time.

Resource            ../support/inner_runs.resource
Library             realstack.OAuth

Suite Setup         Start The Rogue Provider


*** Variables ***
${REDIRECT_URI}     http://127.0.0.1:9/callback


*** Test Cases ***
Honest Provider Is Trusted And Tells What It Was Asked
    ${tokens}    ${request}    Get Tokens
    Verify Token    ${tokens.id_token}    nonce=${request.nonce}
    Get Claim    ${tokens.id_token}    email    $=    @example.org
    Get User Info    ${tokens.access_token}    name    ==    Rogue User
    Get Rogue Receipt    authorize    pkce_method    ==    S256
    Get Rogue Receipt    token    pkce_verified    ==    True
    Get Rogue Receipt    token    client_auth    ==    client_secret_basic
    Get Rogue Calls    token    ==    1

Another User Is Told As Chosen
    Set Rogue User    ann    ann@example.org    Ann Reader
    ${tokens}    ${_}    Get Tokens
    Get User Info    ${tokens.access_token}    picture    $=    /picture.svg
    Set Rogue User    ann    ann@example.org    Ann Reader    picture=http://elsewhere.example/ann.png
    ${tokens}    ${_}    Get Tokens
    Get Claim    ${tokens.id_token}    sub    ==    ann
    Get User Info    ${tokens.access_token}    picture    ==    http://elsewhere.example/ann.png

Receipts Are Those Of This Test
    Get Rogue Calls    token    ==    0
    Run Keyword And Expect Error
    ...    *the relying party called token*it did not*no calls
    ...    Get Rogue Receipt    token    outcome

Every Wrong Signature Is Told Apart
    [Template]    Token Should Be Refused For
    alg-none                    algorithm
    alg-none-mixed-case         algorithm
    hs256-public-key            algorithm
    signature-missing           signature
    tampered-payload            signature
    foreign-key                 signature
    foreign-key-embedded        signature
    critical-header             critical_header
    jwks-empty                  key_unknown

Every Wrong Claim Is Told Apart
    [Template]    Token Should Be Refused For
    nonce-wrong                 nonce
    issuer-wrong                issuer
    audience-wrong              audience
    audience-shared             authorized_party
    authorized-party-wrong      authorized_party
    expired                     expired
    not-yet-valid               not_yet_valid
    issued-in-future            issued_at

Every Claim That Is Left Out Is Told Apart
    [Template]    Token Should Be Refused For
    nonce-missing               nonce
    issuer-missing              issuer
    audience-missing            audience
    expiry-missing              expiry_missing
    issued-at-missing           issued_at
    subject-missing             subject

Rotated Key Still Works
    ${old}    ${_}    Get Tokens
    Verify Token    ${old.id_token}
    Set Rogue Scenario    key-rotated
    ${tokens}    ${request}    Get Tokens
    Verify Token    ${tokens.id_token}    nonce=${request.nonce}
    Rogue Provider Should Have Misbehaved

What Is Right In Another Way Is Good
    [Template]    Token Should Be Good
    key-unnamed
    keys-unknown
    clock-ahead
    clock-behind
    audience-array
    profile-elsewhere
    profile-in-part

What The Token Does Not Tell Is At User Info
    Set Rogue User    ann    ann@example.org    Ann Reader
    Set Rogue Scenario    profile-in-part
    ${tokens}    ${_}    Get Tokens
    Get Claims    ${tokens.id_token}    not contains    name
    Get User Info    ${tokens.access_token}    name    ==    Ann Reader

Token That Is Malformed Is Told
    Set Rogue Scenario    id-token-malformed
    ${tokens}    ${_}    Get Tokens
    Run Keyword And Expect Error    *a signed JWT of three parts*1 parts*    Verify Token    ${tokens.id_token}

Answers Of The Browser Can Be Wrong
    [Template]    Callback Should Be Refused With
    state-wrong                 *carries the state of the request*another one
    state-missing               *carries the state of the request*none
    code-missing                *carries a code*state, iss
    access-denied               *carries a code*error access_denied*
    response-issuer-wrong       *carries the iss*RFC 9207*issuer.invalid*

Token Endpoint Can Be Broken
    [Setup]    Open As A Hasty Client
    [Template]    Exchange Should Fail With
    token-refused       *the provider grants tokens*error invalid_grant*
    token-500           *an OAuth answer*→ 500*
    token-garbage       *answers JSON*no JSON*
    token-down          *is answered*
    token-slow          *is answered within 1 s*no complete response*

UserInfo Of Another Subject Is Refused
    Set Rogue Scenario    userinfo-subject-wrong
    ${tokens}    ${_}    Get Tokens
    ${subject}    Get Claim    ${tokens.id_token}    sub
    Run Keyword And Expect Error
    ...    *tells of '${subject}'*somebody-else*
    ...    Get User Info    ${tokens.access_token}    subject=${subject}
    Rogue Provider Should Have Misbehaved

Discovery Of Another Issuer Is Refused
    Set Rogue Scenario    discovery-issuer-mismatch    tenant=other
    ${issuer}    Get Rogue Issuer    other
    Run Keyword And Expect Error    *names the issuer '${issuer}'*https://issuer.invalid*    Open Provider    ${issuer}    client
    Rogue Provider Should Have Misbehaved    tenant=other
    ${honest}    Get Rogue Issuer    third
    Open Provider    ${honest}    client

Logout Token Is Trusted Or Refused For Its Fault
    ${good}    Create Rogue Logout Token    session_id=session-1
    ${claims}    Verify Logout Token    ${good}    session_id=session-1
    Should Not Contain    ${claims}    sub
    ${bad}    Create Rogue Logout Token    claims=${{ {'nonce': 'n', 'events': None} }}
    Run Keyword And Expect Error    *2 reasons to refuse it*events*nonce*    Verify Logout Token    ${bad}
    ${forged}    Forge Token    ${good}    foreign-key
    Run Keyword And Expect Error    *- signature*    Verify Logout Token    ${forged}

Code Works Once And Only With Its Verifier
    ${request}    ${code}    Get A Code
    ${other}    Create Authorization Request
    Exchange Code    ${code}    ${other}    refused=invalid_grant
    Get Rogue Receipt    token    pkce_verified    ==    False
    Exchange Code    ${code}    ${request}    refused=invalid_grant

Request Without PKCE Is Refused
    ${request}    Create Authorization Request    pkce=none
    Open Session
    ${answer}    Send Request    GET    ${request.url}
    Run Keyword And Expect Error    *error invalid_request*    Get Code    ${answer.location}    ${request}

Misbehaviour That Nobody Met Is No Proof
    Set Rogue Scenario    token-500
    Run Keyword And Expect Error
    ...    INVALID: Expected: the rogue provider gave the wrong answer of 'token-500' at its token endpoint*never came to that*
    ...    Rogue Provider Should Have Misbehaved

Scenario Ends With Its Test
    ${before}    Set Rogue Scenario    expired
    Should Be Equal    ${before}    honest

Unknown Scenario Is Refused
    Run Keyword And Expect Error    *got value 'lazy' that cannot be converted to 'honest'*    Set Rogue Scenario    lazy

Port In Use Is Told
    ${issuer}    Get Rogue Issuer
    ${port}    Evaluate    int($issuer.rsplit(':', 1)[1])
    Run Keyword And Expect Error    *is free to listen on*another port.    Start Rogue Provider    port=${port}

Second Provider Ends With Its Test
    ${issuer}    Start Rogue Provider    alias=second
    Open Provider    ${issuer}    client
    Stop Rogue Provider    rogue=second
    Run Keyword And Expect Error    *reaches a server*    Open Provider    ${issuer}    client

Robot's Own Time-Outs End A Slow Exchange
    ${run}    Wait For Run    slow exchange
    Should Be Equal As Integers    ${run.rc}    2    ${run.stdout}
    Should Contain    ${run.stdout}    Test timeout 300 milliseconds exceeded.
    Should Contain    ${run.stdout}    Keyword timeout 300 milliseconds exceeded.
    Should Contain    ${run.stdout}    3 tests, 1 passed, 2 failed


*** Keywords ***
Start The Rogue Provider
    [Documentation]    For all tests of the suite; each uses it as its client.
    Begin Run    slow exchange    --outputdir    ${OUTPUT_DIR}/inner timeouts    ${CURDIR}/_inner/timeouts.robot
    ${issuer}    Start Rogue Provider
    ${secret}    Get Rogue Client Secret
    Open Provider    ${issuer}    client    ${secret}    redirect_uri=${REDIRECT_URI}

Token Should Be Good
    [Documentation]    To a client that allows clocks to differ a little.
    [Arguments]    ${scenario}
    Set Rogue Scenario    ${scenario}
    ${tokens}    ${request}    Get Tokens
    Verify Token    ${tokens.id_token}    nonce=${request.nonce}    leeway=5 s
    Rogue Provider Should Have Misbehaved

Open As A Hasty Client
    [Documentation]    For one test, which waits for no answer longer than a second.
    ${issuer}    Get Rogue Issuer
    ${secret}    Get Rogue Client Secret
    Open Provider    ${issuer}    client    ${secret}    redirect_uri=${REDIRECT_URI}    timeout=1 s

Get A Code
    [Documentation]    Goes through the authorization endpoint; returns the request and the code.
    Open Session
    ${request}    Create Authorization Request
    ${answer}    Send Request    GET    ${request.url}    status=302
    ${code}    Get Code    ${answer.location}    ${request}
    RETURN    ${request}    ${code}

Get Tokens
    [Documentation]    The whole flow; returns the tokens and the request.
    ${request}    ${code}    Get A Code
    ${tokens}    Exchange Code    ${code}    ${request}
    RETURN    ${tokens}    ${request}

Token Should Be Refused For
    [Documentation]    The scenario's ID token has exactly one fault.
    [Arguments]    ${scenario}    ${reason}
    Set Rogue Scenario    ${scenario}
    ${tokens}    ${request}    Get Tokens
    ${issuer}    Get Rogue Issuer
    Get Token Problems
    ...    ${tokens.id_token}    ==    ["${reason}"]
    ...    nonce=${request.nonce}    issuer=${issuer}    audience=client    jwks_url=${issuer}/jwks.json
    Rogue Provider Should Have Misbehaved

Callback Should Be Refused With
    [Documentation]    The scenario's redirect is refused by the client.
    [Arguments]    ${scenario}    ${error}
    Set Rogue Scenario    ${scenario}
    Open Session
    ${request}    Create Authorization Request
    ${answer}    Send Request    GET    ${request.url}    status=302
    Run Keyword And Expect Error    ${error}    Get Code    ${answer.location}    ${request}
    Rogue Provider Should Have Misbehaved

Exchange Should Fail With
    [Documentation]    The scenario's token endpoint fails.
    [Arguments]    ${scenario}    ${error}
    Set Rogue Scenario    ${scenario}    slowness=5 s
    ${request}    ${code}    Get A Code
    Run Keyword And Expect Error    ${error}    Exchange Code    ${code}    ${request}
