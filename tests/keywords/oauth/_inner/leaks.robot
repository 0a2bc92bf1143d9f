*** Settings ***
Documentation       Tests that log a credential, each in another way. They run inside of `secrets.robot` only.

Library             realstack.OAuth

Test Setup          Get The Token


*** Test Cases ***
In A Message
    ${value}    Evaluate    $TOKEN.value
    Log    The token is ${value}, so there.

In Base64
    ${value}    Evaluate    base64.b64encode(b'user:' + $TOKEN.value.encode()).decode()    modules=base64
    Log    Basic ${value}    DEBUG

In A Failure
    ${value}    Evaluate    $TOKEN.value
    Fail    Could not use ${value}

Cut Off
    Log    ${{$TOKEN.value[:31]}} and no more

Only Passed Around
    Log    The token is ${TOKEN}
    Remember Secret    ${TOKEN}    token of the inner suite

In Another File
    Evaluate    pathlib.Path($OUTPUT_DIR, 'service.log').write_text('line\\nBearer ' + $TOKEN.value)    modules=pathlib


*** Keywords ***
Get The Token
    [Documentation]    The token comes from the environment, as a Secret.
    VAR    ${TOKEN: Secret}    %{INNER_TOKEN}    scope=TEST
    Remember Secret    ${TOKEN}    token of the inner suite
