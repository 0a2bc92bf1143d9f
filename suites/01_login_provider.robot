*** Settings ***
Documentation       What the good provider must refuse to the platform's own client, which the test is, and what it knows when it
...                 begins anew.
Resource            ../resources/journey.resource
Suite Setup         Prepare The Services
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Tags           wants-provider


*** Test Cases ***
Only The Registered Address Gets A Code
    [Documentation]    The provider compares the redirect URI to the character.
    [Setup]    A User At The Provider
    [Template]    The Provider Should Send Nobody To
    # address
    with a slash
    with a query
    with a fragment
    in another case
    with another port
    on another host
    of another provider

A Stolen Code Buys Nothing
    [Documentation]    The provider checks the PKCE verifier and the address again when the code is exchanged.
    [Setup]    A User At The Provider
    [Template]    Code Should Buy Nothing
    # verifier    address    reason
    another    the registered one    invalid_grant
    none    the registered one    invalid_request
    own    with a slash    invalid_grant
    own    with a query    invalid_grant
    own    in another case    invalid_grant
    own    with another port    invalid_grant

A Code Buys Tokens Once
    [Setup]    A User At The Provider
    Code Should Buy Tokens Once

A Provider That Begins Anew Does As It Is Told
    [Documentation]    It dies, and is told another address and another secret of its client when it begins anew. Who was signed
    ...    in there is still.
    [Tags]    needs-kill    needs-restart
    [Setup]    A User At The Provider
    Provider Should Do As It Is Told Anew
    [Teardown]    Kill Service    ${PROVIDER_SERVICE}
