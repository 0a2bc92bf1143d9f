*** Settings ***
Documentation       Changing what a browser brings back, and making keys that issuers sign with.

Library             OperatingSystem
Library             realstack.OAuth

Test Setup          Create Directory    ${KEYS}
Test Teardown       Remove Directory    ${KEYS}    recursive=True


*** Variables ***
${CALLBACK}     http://127.0.0.1:1/auth/callback/main?code=one&state=two-1234567890
${KEYS}         ${TEMPDIR}${/}signing keys


*** Test Cases ***
Parameters Are Set And Removed
    [Documentation]    What is set replaces all of that name; what stays keeps its place.
    ${changed}    Change Url    ${CALLBACK}    code=${None}    state=other    iss=http://issuer
    Should Be Equal    ${changed.value}    http://127.0.0.1:1/auth/callback/main?state=other&iss=http%3A%2F%2Fissuer

Parameters Go From One URL To Another
    [Documentation]    Without ever being shown.
    ${state}    Get Url Parameter    ${CALLBACK}    state
    ${changed}    Change Url    http://127.0.0.1:1/callback    state=${state}
    ${again}    Get Url Parameter    ${changed}    state
    Should Be True    $again.value == $state.value
    Run Keyword And Expect Error
    ...    Expected: http://127.0.0.1:1/callback?state=… has the parameter 'code'*it has state*
    ...    Get Url Parameter    ${changed}    code

What Anybody May Know Is No Credential
    [Documentation]    The test's own log may name an address, a client or a scope afterwards.
    ${url}    Change Url    http://127.0.0.1:1/authorize    redirect_uri=http://127.0.0.1:1/callback/known    client_id=a-known-client
    FOR    ${name}    IN    redirect_uri    client_id
        ${value}    Get Url Parameter    ${url}    ${name}
        ${changed}    Change Url    ${CALLBACK}    ${name}=${value}
        Log    ${value.value}
        ${again}    Get Url Parameter    ${changed}    ${name}
        Should Be Equal    ${again.value}    ${value.value}
    END

A Key Is Made Once
    [Documentation]    For its owner only, whole, and never over another one.
    ${first}    Create Signing Key    ${KEYS}/0001.pem
    ${second}    Create Signing Key    ${KEYS}/0002.pem    curve=P-384
    Should Not Be Equal    ${first}    ${second}
    File Should Not Be Empty    ${KEYS}/0001.pem
    Should Be Equal As Integers    ${{ os.stat($KEYS + '/0001.pem').st_mode & 0o777 }}    ${0o600}
    Run Keyword And Expect Error    Expected: no file *0001.pem yet*    Create Signing Key    ${KEYS}/0001.pem
    Run Keyword And Expect Error    Expected: a folder *nowhere*    Create Signing Key    ${KEYS}/nowhere/0001.pem
    ${files}    List Directory    ${KEYS}
    Should Be Equal    ${files}    ${{ ['0001.pem', '0002.pem'] }}
