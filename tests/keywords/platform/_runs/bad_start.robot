*** Settings ***
Documentation    Starts that can't be; run by 03_runs.robot.

Resource         ../../../../resources/platform.resource

Suite Setup      Ensure Platform Is Running


*** Test Cases ***
Never Runs
    [Documentation]    Its suite's setup fails.
    Fail    This must not run.
