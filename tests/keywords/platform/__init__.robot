*** Settings ***
Documentation     Keywords of the Platform library, on the four real stores.

Library           realstack.Platform

Suite Setup       Start Platform    ${PLATFORM}    profile=${PROFILE}    only=${STORES}
Suite Teardown    Stop Platform
Test Timeout      30 seconds


*** Variables ***
${PLATFORM}    ${CURDIR}/../../../resources/adapters/reference/embedded.yaml
${PROFILE}     ${CURDIR}/../../../resources/profiles/fast.yaml
@{STORES}    postgres    redis    clickhouse
