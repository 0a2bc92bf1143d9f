*** Settings ***
Documentation       What a sign-in must refuse: each wrong answer of a provider, each one that was tampered with, for its own
...                 reason, and with no session, cookie or row left behind.
Resource            ../resources/journey.resource
Resource            ../resources/tokens.resource
Suite Setup         Prepare The Journey With A Rogue Provider
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Template       Misbehaving Provider Should Open Nothing
Test Tags           needs-restart    wants-second-provider


*** Test Cases ***    SCENARIO    REASON
Nonce Of Another Sign-In    nonce-wrong    nonce_mismatch
No Nonce    nonce-missing    nonce_mismatch
Token Without A Signature    alg-none    id_token_alg
Token Without A Signature In Mixed Case    alg-none-mixed-case    id_token_alg
Signature Cut Off    signature-missing    id_token_signature
Other Claims Under The Signature    tampered-payload    id_token_signature
Signature With A Foreign Key    foreign-key    id_token_signature
Signature With A Key Brought Along    foreign-key-embedded    id_token_signature
Signature With The Public Key    hs256-public-key    id_token_alg
Header That Must Be Understood    critical-header    id_token_malformed
Token Of Another Issuer    issuer-wrong    id_token_issuer
Token Of No Issuer    issuer-missing    id_token_issuer
Token For Another Client    audience-wrong    id_token_audience
Token For Nobody    audience-missing    id_token_audience
Token For Others Too    audience-shared    id_token_audience
Token That Another Client Was Given    authorized-party-wrong    id_token_audience
Token That Has Expired    expired    id_token_expired
Token That Is Not Valid Yet    not-yet-valid    id_token_expired
Token Of Tomorrow    issued-in-future    id_token_expired
Token That Never Expires    expiry-missing    id_token_malformed
Token Of No Time    issued-at-missing    id_token_malformed
Token Without A Subject    subject-missing    id_token_subject
Account Of Another Domain    hosted-domain-wrong    id_token_hosted_domain
Account Of No Domain    hosted-domain-missing    id_token_hosted_domain
Token Of Another Answer    access-token-swapped    id_token_malformed
Token That Can't Be Read    id-token-malformed    id_token_malformed
No Token At All    id-token-missing    id_token_malformed
Profile Of Somebody Else    userinfo-subject-wrong    id_token_subject
State Changed On The Way    state-wrong    state_unknown
State Lost On The Way    state-missing    state_missing
Code Lost On The Way    code-missing    code_missing
Code That The Provider Does Not Take    token-refused    code_rejected
Answer Of Another Issuer    response-issuer-wrong    provider_error
User Said No    access-denied    provider_error
Exchange That Fails    token-500    provider_unreachable
Exchange That Breaks Off    token-down    provider_unreachable
Exchange Answered With A Page    token-garbage    provider_unreachable
Profile That Can't Be Had    userinfo-500    provider_unreachable
Configuration That Can't Be Had    discovery-500    provider_unreachable
Configuration Of Another Issuer    discovery-issuer-mismatch    discovery_issuer_mismatch

What Is Right In Another Way
    [Documentation]    What a provider may do otherwise than most lets its user in, with all that it says of that one.
    [Setup]    Honest Sign In Should Be Admitted
    [Template]    Provider's Own Way Should Be Admitted
    # way
    key-unnamed
    keys-unknown
    clock-ahead
    clock-behind
    audience-array
    profile-elsewhere
    profile-in-part
    key-rotated
    secret-in-form

A Provider That Takes Its Time
    [Template]    NONE
    Provider That Takes Its Time Should Be Admitted

A Provider That Can't Be Reached
    [Documentation]    Who wants to sign in is told so at once, programs and people, and nothing is begun.
    [Template]    NONE
    Sign-In Out Of Reach Should Be Told

State Is Used Up
    [Template]    NONE
    State Should Open Once

Answer In Another Browser
    [Template]    NONE
    Answer Should Open In Its Own Browser Only

Answer After The Time Is Over
    [Template]    NONE
    Answer Should Open In Time Only

Answer At Another Provider's Address
    [Template]    NONE
    Answer Should Open At Its Own Provider's Address Only

Two Sign-Ins Of One Browser
    [Documentation]    Begun in two tabs, one after the other: neither takes the other's cookie, and the last takes it along.
    [Template]    NONE
    Sign-Ins Of One Browser Should Both Be Admitted

What Is Long Over Is Forgotten
    [Documentation]    Nothing is kept that nobody can use any more; what may be gone on with is, and what thieves are known by.
    [Tags]    wants-refresh
    [Template]    NONE
    What Is Long Over Should Be Gone
    What Is Not Over Should Go On
    Theft Should Be Known However Late

A Profile That Changes At The Provider
    [Documentation]    Name, address and picture are those of the newest sign-in, wherever they are kept; what an older session's
    ...    token still says turns none of them back.
    [Tags]    wants-two-replicas
    [Template]    NONE
    Newest Profile Should Be Everywhere

Code Of Another Sign-In
    [Template]    NONE
    Code Should Open Its Own Sign In Only

Subject Of Another Provider
    [Template]    NONE
    Provider Should Open Its Own Accounts Only


*** Keywords ***
Prepare The Journey With A Rogue Provider
    [Documentation]    Tells the platform of a second provider, which the test runs.
    Prepare The Services
    Leave Something Long Over
    Register A Rogue Provider
