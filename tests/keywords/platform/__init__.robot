*** Settings ***
Documentation     Keywords of the Platform library, on the four real stores.

Library           ../../../libraries/Platform.py

Suite Setup       Start Platform    only=${STORES}
Suite Teardown    Stop Platform
Test Timeout      30 seconds


*** Variables ***
@{STORES}    postgres    redis    clickhouse
