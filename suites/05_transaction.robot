*** Settings ***
Documentation       One change over three stores: profile (auth PostgreSQL), workspace (backend PostgreSQL), event (ClickHouse), all or none.
Resource            ../resources/journey.resource
Resource            ../resources/transaction.resource
Suite Setup         The Journey Is Prepared
Test Teardown       Everything Is Shown
Test Timeout        ${FIGURES.test_limit}
Test Template       A Change Fails Midway And Is Asked For Again


*** Test Cases ***    STEP    BLOW
A Change That Fails Midway Rolls Back And Succeeds Once When Repeated
    [Tags]    critical
    event    ClickHouse Is Killed

Auth Dies Before The Profile    profile    Auth Is Killed
Auth Dies Before The Workspace    workspace    Auth Is Killed
Auth Dies Before The Event    event    Auth Is Killed
Backend Dies Before The Profile    profile    Backend Is Killed
Backend Dies Before The Workspace    workspace    Backend Is Killed
Backend Dies Before The Event    event    Backend Is Killed
Events Die Before The Profile    profile    ClickHouse Is Killed
Events Die Before The Workspace    workspace    ClickHouse Is Killed
Events Stop Before The Profile    profile    ClickHouse Is Paused
Events Stop Before The Workspace    workspace    ClickHouse Is Paused
Time Runs Out Before The Profile    profile    Time Runs Out
Time Runs Out Before The Workspace    workspace    Time Runs Out
Time Runs Out Before The Event    event    Time Runs Out
Auth Loses Its Database Before The Profile    profile    Auth Loses Its Database Sessions
Auth Loses Its Database Before The Workspace    workspace    Auth Loses Its Database Sessions
Auth Loses Its Database Before The Event    event    Auth Loses Its Database Sessions
Backend Loses Its Database Before The Workspace    workspace    Backend Loses Its Database Sessions
Link Breaks Before The Workspace    workspace    Link To Backend Is Reset
Link Breaks Before The Event    event    Link To Backend Is Reset
