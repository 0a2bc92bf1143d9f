*** Settings ***
Documentation       Exchanges with a credential, at Robot's most talkative level. They run inside of `rest.robot` only.

Library             RequestsLibrary
Library             realstack.Rest
Library             realstack.OAuth


*** Test Cases ***
By A Session Of Rest
    VAR    ${token: Secret}    %{INNER_TOKEN}
    Open Rest Session    ann    %{INNER_URL}
    ${answer} =    GET On Session    ann    /echo    auth=${token}
    Log    ${answer.text}
    ${told} =    GET On Session    ann    /token    params=${{ {'is': $token} }}
    Log    ${told.json()}
    VAR    &{headers}    Authorization=${token}
    POST On Session    ann    /echo    json=${{ {'password': $token} }}    headers=${headers}    cookies=${{ {'a': $token} }}

By RequestsLibrary Alone
    Create Session    ann    %{INNER_URL}
    VAR    &{headers}    Authorization=Bearer %{INNER_TOKEN}
    GET On Session    ann    /echo    headers=${headers}
