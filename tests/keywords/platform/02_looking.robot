*** Settings ***
Documentation    Getters, logs and secrets.

Library          Collections
Library          realstack.Platform


*** Test Cases ***
Services and replicas have names
    Get Services    postgres    ==    ${{['postgres-auth', 'postgres-backend']}}
    ${all}    Get Services
    Should Contain    ${all}    backend-2

An address holds no password
    Get Service Url    redis    matches    ^redis://127\\.0\\.0\\.1:\\d+$
    Get Service Url    postgres-auth    not contains    @
    Get Service Url    idp    ^=    http://127.0.0.2:

An address with a password is a secret
    ${url}    Get Credential Url    postgres-auth
    Should Be Equal    ${{type($url).__name__}}    Secret
    Should Be Equal    ${{str($url)}}    <secret>
    Should Start With    ${url.value}    postgresql://tester:

A credential is a secret
    ${secret}    Get Credential    idp-scim
    Should Be Equal    ${{str($secret)}}    <secret>

Versions are those of the running servers
    Get Service Version    redis    matches    ^\\d+\\.\\d+
    Get Service Version    postgres-auth    matches    ^\\d+
    Get Service Version    clickhouse    matches    ^(ClickHouse|chDB) \\d+\\.\\d+

A wrong expectation shows both values
    Run Keyword And Expect Error    URL 'redis://127.0.0.1:*' (str) should be 'nowhere' (str)
    ...    Get Service Url    redis    ==    nowhere

A log begins with the test
    Get Service Log    redis    not contains    Ready to accept connections
    Restart Service    redis
    Get Service Log    redis    *=    Ready to accept connections

A log begins at a mark
    Restart Service    redis
    ${mark}    Mark Logs
    Get Service Log    redis    ==    ${EMPTY}    since=${mark}

A line of a log is waited for
    ${mark}    Mark Logs
    Restart Service    redis
    ${line}    Wait For Log Line    redis    Ready to accept connections( tcp)?    since=${mark}
    Should Contain    ${line}    Ready to accept

A line that does not come is told with the last ones
    Restart Service    redis
    Run Keyword And Expect Error
    ...    Expected: a line of the log of redis matches /no such line/ within 0.2 s.*the last lines:*Ready to accept*
    ...    Wait For Log Line    redis    no such line    timeout=0.2 s

A duration that is none is refused
    Run Keyword And Expect Error
    ...    ValueError: Argument 'timeout' got value 'soon' that cannot be converted to timedelta*
    ...    Wait Until Service Is Healthy    redis    timeout=soon
