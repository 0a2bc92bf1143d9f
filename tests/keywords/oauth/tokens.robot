*** Settings ***
Documentation       Reading, judging and forging tokens.

Library             realstack.OAuth

Suite Setup         Get Good Tokens


*** Test Cases ***
Claims And Header Are Asserted
    Get Claim    ${ID_TOKEN}    aud    ==    client
    Get Claim    ${ID_TOKEN}    email    matches    ^rogue-.*@example\\.org$
    Get Claim    ${ID_TOKEN}    email_verified    ==    True
    Get Claim    ${ID_TOKEN}    exp    >    1700000000
    Get Token Header    ${ID_TOKEN}    alg    ==    RS256
    ${claims}    Get Claims    ${ID_TOKEN}    without=${{['iat', 'exp', 'nonce']}}
    Get Claims    ${ID_TOKEN}    ==    ${claims}    without=iat, exp, nonce
    ${read}    Decode Token    ${ID_TOKEN}
    Should Be Equal    ${read}[header][alg]    RS256

Missing Claim Is Told
    Run Keyword And Expect Error
    ...    Expected: the token has the claim 'roles'*it has at_hash, aud, email*
    ...    Get Claim    ${ID_TOKEN}    roles    ==    admin

Failed Assertion Shows Both
    Run Keyword And Expect Error
    ...    Claim aud 'client' (str) should be 'other' (str)
    ...    Get Claim    ${ID_TOKEN}    aud    ==    other
    Run Keyword And Expect Error    Not for us    Get Claim    ${ID_TOKEN}    aud    ==    other    message=Not for us

Life Left Is A Time
    Get Token Life Left    ${ID_TOKEN}    <=    5 min
    Get Token Life Left    ${ID_TOKEN}    >    4 min
    Run Keyword And Expect Error    Life left *should be less than*    Get Token Life Left    ${ID_TOKEN}    <    1 s

Waiting Too Long For Expiry Is Refused At Once
    Run Keyword And Expect Error
    ...    *the token expires within 2 s*Remedy: Give a longer timeout*
    ...    Wait Until Token Expires    ${ID_TOKEN}    timeout=2 s

Forged Signatures Are Refused For Their Own Reason
    [Template]    Forgery Should Be Refused For
    alg-none                    algorithm
    alg-none-mixed-case         algorithm
    signature-missing           signature
    signature-zero              key_unknown
    tampered-payload            signature
    foreign-key                 signature
    foreign-key-embedded        signature
    foreign-key-url             signature
    foreign-kid                 key_unknown

Forged Headers Are Refused For Their Own Reason
    [Template]    Forgery Should Be Refused For
    kid-path                    algorithm
    kid-sql                     algorithm
    hs256-public-key            algorithm
    critical-header             critical_header

Forged Claims Are Refused For Their Own Reason
    [Template]    Forgery Should Be Refused For
    expired                     expired
    not-yet-valid               not_yet_valid
    issuer-wrong                issuer
    audience-wrong              audience
    subject-missing             subject
    nonce-wrong                 nonce
    expiry-missing              expiry_missing
    issued-at-missing           issued_at
    issuer-missing              issuer
    audience-missing            audience

Forgery Takes Further Claims And Headers
    ${forged}    Forge Token
    ...    ${ID_TOKEN}
    ...    foreign-key
    ...    claims=${{ {'sub': 'admin', 'nonce': None} }}
    ...    headers=${{ {'typ': 'at+jwt'} }}
    Get Claim    ${forged}    sub    ==    admin
    Get Token Header    ${forged}    typ    ==    at+jwt
    Get Token Problems    ${forged}    contains    nonce    nonce=${NONCE}

Refused Token Names Every Reason
    ${forged}    Forge Token    ${ID_TOKEN}    expired    claims=${{ {'aud': 'other'} }}
    Run Keyword And Expect Error
    ...    *3 reasons to refuse it*- signature:*RFC 7515*- audience:*3.1.3.7 (3)*- expired:*
    ...    Verify Token    ${forged}

Algorithms Are Told As Texts
    Verify Token    ${ID_TOKEN}    algorithms=RS256, ES256    nonce=${NONCE}
    Verify Token    ${ID_TOKEN}    algorithms=${{['RS256']}}    nonce=${NONCE}
    Get Token Problems    ${ID_TOKEN}    ==    algorithm    algorithms=none
    Run Keyword And Expect Error
    ...    Expected: algorithms among ES256*none*Seen: RS1
    ...    Verify Token    ${ID_TOKEN}    algorithms=RS256, RS1

Symmetric Signature Is Judged With The Secret Of The Client
    ${forged}    Forge Token    ${ID_TOKEN}    hs256-public-key
    Get Token Problems    ${forged}    ==    signature    algorithms=HS256    nonce=${NONCE}
    ${secret}    Get Rogue Client Secret
    Get Token Problems    ${forged}    ==    signature    algorithms=HS256    client_secret=${secret}
    ${keys}    Get Provider Metadata    jwks_uri
    Get Token Problems    ${forged}    ==    key_unknown    algorithms=HS256    jwks_url=${keys}

Access Token For A Service Names The Client As Its Party
    [Documentation]    The rule of the authorized party is for ID tokens only; this one has what those have until it is taken out.
    ${access}    Forge Token
    ...    ${ID_TOKEN}
    ...    foreign-key
    ...    claims=${{ {'aud': 'api', 'azp': 'chat', 'nonce': None, 'at_hash': None} }}
    Get Token Problems    ${access}    ==    signature    audience=api
    Get Token Problems    ${access}    ==    signature, authorized_party    audience=api    kind=id-token
    Get Token Problems    ${access}    ==    signature, audience, authorized_party    audience=web    kind=id-token
    Get Token Problems    ${access}    ==    signature, audience    audience=web    kind=access-token

Date That Is None Is Malformed
    ${forged}    Forge Token    ${ID_TOKEN}    foreign-key    claims=${{ {'exp': float('nan')} }}
    Get Token Problems    ${forged}    ==    signature, malformed
    Run Keyword And Expect Error    Expected: the token has an exp in Unix seconds*nan    Get Token Life Left    ${forged}
    ${forged}    Forge Token    ${ID_TOKEN}    foreign-key    claims=${{ {'exp': float('inf')} }}
    Run Keyword And Expect Error    Expected: the token has an exp in Unix seconds*inf    Get Token Life Left    ${forged}
    ${forged}    Forge Token    ${ID_TOKEN}    foreign-key    claims=${{ {'exp': 10**400} }}
    Run Keyword And Expect Error    *401 characters*    Get Token Life Left    ${forged}
    Run Keyword And Expect Error    *401 characters*    Wait Until Token Expires    ${forged}

Text Is No Token
    Run Keyword And Expect Error    *must have type 'Secret'*    Decode Token    abc
    ${opaque}    Evaluate    robot.api.types.Secret('opaque-token-value')    modules=robot.api.types
    Run Keyword And Expect Error    *three parts*1 parts (an opaque token*18 characters    Decode Token    ${opaque}

Unknown Forgery Is Refused
    Run Keyword And Expect Error    *got value 'clever' that cannot be converted*    Forge Token    ${ID_TOKEN}    clever


*** Keywords ***
Get Good Tokens
    [Documentation]    An ID token of an honest provider, for all tests of the suite.
    ${issuer}    Start Rogue Provider
    ${secret}    Get Rogue Client Secret
    Open Provider    ${issuer}    client    ${secret}    redirect_uri=http://127.0.0.1:9/callback
    Open Session
    ${request}    Create Authorization Request
    ${answer}    Send Request    GET    ${request.url}    status=302
    ${code}    Get Code    ${answer.location}    ${request}
    ${tokens}    Exchange Code    ${code}    ${request}
    VAR    ${ID_TOKEN}    ${tokens.id_token}    scope=SUITE
    VAR    ${NONCE}    ${request.nonce}    scope=SUITE

Forgery Should Be Refused For
    [Documentation]    The reason is among those that are found.
    [Arguments]    ${kind}    ${reason}
    ${forged}    Forge Token    ${ID_TOKEN}    ${kind}
    Get Token Problems    ${forged}    contains    ${reason}    nonce=${NONCE}
