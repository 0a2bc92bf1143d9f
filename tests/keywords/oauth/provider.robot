*** Settings ***
Documentation       A client's conversation with a real provider, from discovery to revocation.

Resource            provider.resource

Suite Setup         Open The Real Provider
Test Setup          Make A Reader


*** Test Cases ***
Metadata Is Read And Asserted
    Get Provider Metadata    issuer    ==    ${SERVER}[issuer]
    Get Provider Metadata    token_endpoint    $=    /oauth/token
    Get Provider Metadata    code_challenge_methods_supported    contains    S256

User Signs In And Gets Verified Tokens
    ${tokens}    ${request}    Get Tokens Of    ${READER}
    ${claims}    Verify Token    ${tokens.id_token}    nonce=${request.nonce}    access_token=${tokens.access_token}
    Should Be Equal    ${claims}[email]    ${READER.email}
    Get Claim    ${tokens.id_token}    name    ==    ${READER.name}
    Get User Info    ${tokens.access_token}    email    ==    ${READER.email}    subject=${claims}[sub]
    Get Introspection    ${tokens.access_token}    active    ==    True

Code Works Once
    ${request}    ${end}    Sign In    ${READER}
    ${code}    Get Code    ${end.callback}    ${request}
    Exchange Code    ${code}    ${request}
    Exchange Code    ${code}    ${request}    refused=invalid_grant

Code Of Another Verifier Is Refused
    ${request}    ${end}    Sign In    ${READER}
    ${other}    Create Authorization Request
    ${code}    Get Code    ${end.callback}    ${request}
    Exchange Code    ${code}    ${other}    refused=invalid_grant

Refusal That Does Not Come Is A Failure
    ${request}    ${end}    Sign In    ${READER}
    ${code}    Get Code    ${end.callback}    ${request}
    Run Keyword And Expect Error
    ...    Expected: ${SERVER}[issuer] refuses the authorization_code grant with invalid_grant*it gave tokens
    ...    Exchange Code    ${code}    ${request}    refused=invalid_grant

Refused Grant Shows What The Provider Said
    ${code}    Evaluate    robot.api.types.Secret('no-such-code')    modules=robot.api.types
    Run Keyword And Expect Error
    ...    Expected: the provider grants tokens*error invalid_grant*→ 400*
    ...    Exchange Code    ${code}

Refresh Token Gives New Tokens And Can Be Revoked
    ${tokens}    ${_}    Get Tokens Of    ${READER}
    Wait Until Next Second
    ${new}    Refresh Tokens    ${tokens.refresh_token}
    Revoke Token    ${new.refresh_token}
    Refresh Tokens    ${new.refresh_token}    refused=invalid_grant

Answer With Another State Is Refused
    ${_}    ${end}    Sign In    ${READER}
    ${other}    Create Authorization Request
    Run Keyword And Expect Error    *carries the state of the request*another one    Get Code    ${end.callback}    ${other}

Denied Consent Tells So
    Open Session
    ${user}    Create Provider User    denier
    ${request}    Create Authorization Request
    VAR    &{fields}    login=${user.user_name}    password=${user.password}
    ${end}    Sign In With Forms
    ...    ${request.url}
    ...    fields=${fields}
    ...    press=answer=deny
    ...    stop_before=${SERVER}[redirect_uri]
    Should Be Equal    ${end.error}    access_denied
    Run Keyword And Expect Error    *carries a code*error access_denied*    Get Code    ${end.callback}    ${request}

Wrong Password Shows What The Page Says
    Open Session
    ${request}    Create Authorization Request
    ${wrong}    Evaluate    robot.api.types.Secret('not the password')    modules=robot.api.types
    VAR    &{fields}    login=${READER.user_name}    password=${wrong}
    Run Keyword And Expect Error
    ...    Expected: the provider accepts password*shows the same form again*Login failed*POST*
    ...    Sign In With Forms    ${request.url}    fields=${fields}

Missing Field Is Told
    Open Session
    ${request}    Create Authorization Request
    VAR    &{fields}    login=${READER.user_name}
    Run Keyword And Expect Error
    ...    *the sign-in ends at ${SERVER}[redirect_uri]*/auth/password*fields username, password*
    ...    Sign In With Forms    ${request.url}    fields=${fields}    end_at=${SERVER}[redirect_uri]

Three Sign In At Once
    ${users}    Create Provider Users    3    crowd
    VAR    &{people}    &{EMPTY}
    FOR    ${user}    IN    @{users}
        Open Session    alias=${user.user_name}
        VAR    &{fields}    login=${user.user_name}    password=${user.password}
        VAR    &{people}    &{people}    ${user.user_name}=${fields}
    END
    ${request}    Create Authorization Request
    ${ends}    Sign In With Forms At Once
    ...    ${request.url}
    ...    people=${people}
    ...    press=answer=accept
    ...    stop_before=${SERVER}[redirect_uri]
    Length Should Be    ${ends}    3

Issuer That Does Not Match Is Refused
    Run Keyword And Expect Error
    ...    *names the issuer '${SERVER}[issuer]/'*it names '${SERVER}[issuer]'*
    ...    Open Provider    ${SERVER}[issuer]/    chat

Provider That Is Not There Is Told
    Run Keyword And Expect Error    *reaches a server*Remedy: Is *    Open Provider    http://127.0.0.1:9    chat

User That Is Removed Can Not Sign In
    ${user}    Create Provider User    leaver
    Delete Provider User    ${user}
    Run Keyword And Expect Error    *the provider accepts password*    Sign In    ${user}
    Run Keyword And Expect Error    *the provider has the user*    Delete Provider User    ${user}

Changed Name Is In The Next Token
    ${user}    Create Provider User    changer
    Change Provider User    ${user}    name.formatted    Another Name
    ${tokens}    ${_}    Get Tokens Of    ${user}
    Get Claim    ${tokens.id_token}    name    ==    Another Name


*** Keywords ***
Make A Reader
    [Documentation]    A user for the test. Canaille can't give two tokens to one user in the same second.
    ${user}    Create Provider User    reader
    VAR    ${READER}    ${user}    scope=TEST
