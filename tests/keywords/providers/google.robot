*** Settings ***
Documentation       Google's pages and metadata, as a provider has them that answers under Google's names with a certificate of
...                 its own authority.

Resource            ../../../resources/adapters/reference/providers/google.resource
Library             OperatingSystem
Library             ../../support/GoogleServer.py

Suite Setup         Open The Stand-In
Suite Teardown      Close Browser    ALL


*** Test Cases ***
A User Signs In
    [Documentation]    User name, password, one-time code, consent. The token comes from one host, its key from another, and names
    ...    the domain that was asked for.
    ${request} =    Create Authorization Request    hd=example.org
    ${tokens} =    Get Tokens In Browser    ${request}
    Verify Token    ${tokens.id_token}    nonce=${request.nonce}
    Get Claim    ${tokens.id_token}    hd    ==    example.org
    Get Claim    ${tokens.id_token}    iss    ==    https://accounts.google.com

Without The Domain There Is No Claim Of It
    ${request} =    Create Authorization Request
    ${tokens} =    Get Tokens In Browser    ${request}
    Run Keyword And Expect Error    *hd*    Get Claim    ${tokens.id_token}    hd

Nothing Ends A Session
    Run Keyword And Expect Error    *end_session_endpoint*    Create Logout Request    redirect_uri=https://chat.example.org/

What Is Missing Is Told At Once
    Open User Administration
    ${kept} =    Get Environment Variable    GOOGLE_USER
    Remove Environment Variable    GOOGLE_USER
    Run Keyword And Expect Error    *Seen: no GOOGLE_USER.    Open User Administration
    [Teardown]    Set Environment Variable    GOOGLE_USER    ${kept}

Another Authority Is Trusted By Nobody
    Run Keyword And Expect Error    *certificate*    Open Provider    ${ISSUER_OF_GOOGLE}    anybody    alias=another


*** Keywords ***
Open The Stand-In
    [Documentation]    Opens it as its client, and a browser that finds and trusts it.
    ${started} =    Google Server
    VAR    ${SERVER}    ${started}    scope=SUITE
    A Client Of Google    ${SERVER}[redirect_uri]    ca=${SERVER}[ca]
    VAR    @{args}    @{BROWSER_ARGS}    @{SERVER}[browser_args]
    New Browser    chromium    headless=${True}    args=${args}

Get Tokens In Browser
    [Documentation]    Signs the account in on Google's pages and exchanges the code that the browser brings back.
    [Arguments]    ${request}
    New Context
    New Page    ${request.url}
    ${account} =    A Provider Account
    Sign In On Provider's Pages    ${account}
    Get Text    css=h1    ==    Back
    ${callback} =    Get Google Callback
    ${code} =    Get Code    ${callback}    ${request}
    ${tokens} =    Exchange Code    ${code}    ${request}
    RETURN    ${tokens}
