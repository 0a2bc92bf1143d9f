*** Settings ***
Documentation       An operation changes what it is about, and nothing else: every row, key and answer of its user and of another
...                 one is compared, before and after, for each kind of operation.
Resource            ../resources/journey.resource
Resource            ../resources/files.resource
Resource            ../resources/tokens.resource
Suite Setup         Prepare The Services
Test Teardown       Show Pages Of A Failed Test
Test Timeout        ${FIGURES.test_limit}
Test Tags           wants-doors    wants-upload


*** Test Cases ***
What Is Said Changes What It Is About
    [Setup]    A User And A Bystander Whose States Are Read
    [Template]    Operation Should Change What It Is About
    # operation
    send
    rename
    read
    read on
    read back

What Is Asked For Changes What It Is About
    [Setup]    A User And A Bystander Whose States Are Read
    [Template]    Operation Should Change What It Is About
    # operation
    upload
    change the profile
    downgrade
    upgrade

Devices Come And Go By Themselves
    [Documentation]    One that refreshes, or is logged out, takes nothing of the user's other ones along.
    [Setup]    A User And A Bystander Whose States Are Read
    [Template]    Operation Should Change What It Is About
    # operation
    begin a conversation
    refresh
    sign in elsewhere
    log the other device out

What Changes Nothing Changes Nothing
    [Documentation]    What is refused, what was done before, and what only reads.
    [Setup]    A User And A Bystander Whose States Are Read
    Nothing Should Change By All That Changes Nothing
