*** Settings ***
Documentation       A stranger's first suite.
Library             realstack.Load


*** Test Cases ***
A Script
    [Documentation]    Passes at once: its user does nothing but think.
    Create Script    idle
    Let Script Iterate
    Let Script Think    10 ms
    Run Load    idle    users=${{[{"name": "ann"}]}}    most_lag=10 s
