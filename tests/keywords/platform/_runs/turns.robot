*** Settings ***
Documentation     Tests that need a core for a moment; run by tests/unit/test_turns_robot.py, twice at the same time.

Library           ../../../../libraries/Platform.py

Suite Setup       Start Platform    only=${{['redis']}}
Suite Teardown    Stop Platform
Test Template     Evaluate


*** Test Cases ***
First     sum(range(20_000_000))
Second    sum(range(20_000_000))
Third     sum(range(20_000_000))
