*** Settings ***
Documentation       What services keep in files, on a folder that no service has used yet.

Library             Collections
Library             OperatingSystem
Library             realstack.Platform

Test Setup          Folder Should Be Empty


*** Test Cases ***
Files Are Listed By Their Path
    Create File    ${FOLDER}/b.pdf    four
    Create File    ${FOLDER}/incoming/a.part    12
    Get Shared Files    files    ==    b.pdf, incoming/a.part
    Get Shared Files    files    ==    incoming/a.part    pattern=incoming/*
    Get Shared Bytes    files    ==    6
    Get Shared Bytes    files    ==    2    pattern=incoming/*.part

A File That Does Not Come Is Told
    Run Keyword And Expect Error    Files of 'files' '?]' (list) should contain 'a.pdf' (str)
    ...    Get Shared Files    files    contains    a.pdf    retry_timeout=50 ms
    Run Keyword And Expect Error    Bytes of 'files' in x/* '0' (int) should be greater than '1024.0' (float)
    ...    Get Shared Bytes    files    >    1 KiB    pattern=x/*

A File That Comes Is Waited For
    ${writer}    Evaluate    threading.Timer(0.2, pathlib.Path($FOLDER, 'late').write_text, ['x'])    modules=threading, pathlib
    Call Method    ${writer}    start
    Get Shared Files    files    ==    late    retry_timeout=5 s
    [Teardown]    Call Method    ${writer}    join

A Folder That Is Not Shared Is Refused
    Run Keyword And Expect Error    Expected: a folder that services share: files*Seen: 'redis'*    Get Shared Folder    redis


*** Keywords ***
Folder Should Be Empty
    [Documentation]    The shared folder of the files, with nothing in it that an earlier test left.
    ${folder}    Get Shared Folder    files
    Empty Directory    ${folder}
    VAR    ${FOLDER}    ${folder}    scope=TEST
