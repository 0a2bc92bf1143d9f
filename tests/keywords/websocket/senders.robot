*** Settings ***
Documentation       What connections send while no keyword runs, and matching by functions and bytes.

Library             realstack.WebSocket
Library             ../../support/WebSocketServer.py

Test Setup          Open Echo


*** Test Cases ***
Heartbeat
    ${name} =    Send Every    10ms    type=ping
    Wait For Frames    3    ping
    ${count} =    Stop Sending    ${name}
    Should Be True    $count >= 3
    Run Keyword And Expect Error    Nothing on connection 'tab' is sent by '${name}'*    Stop Sending    ${name}

Answers
    Answer Frames    ask    reply={"type": "told", "n": "{n}"}    name=answers
    Send Json    type=ask    n=${7}
    Wait For Frame    told    n=${7}
    Get Frame Count    ask    ==    1
    Run Keyword And Expect Error    *none*    Wait For Frame    ask    timeout=0s
    ${count} =    Stop Sending    answers
    Should Be Equal    ${count}    ${1}

Answers By A Function
    Answer Frames    ask    reply=${{ lambda message: '{"type": "told", "n": %d}' % (message.n + 1) }}
    Send Json    type=ask    n=${7}
    Wait For Frame    told    n=${8}

Answers That Fail
    Answer Frames    ask    reply={"text": "{nothing}"}    name=answers
    Send Json    type=ask
    Send Json    type=mark
    Wait For Frame    mark
    Run Keyword And Expect Error    *'answers' could always send*Seen: it sent 0 times*nothing*    Stop Sending    answers

Matching By A Function
    Send Json    type=count    n=${1}
    Send Json    type=count    n=${2}
    ${even} =    Wait For Frame    count    ${{ lambda message: message.n % 2 == 0 }}
    Should Be Equal    ${even.n}    ${2}
    Run Keyword And Expect Error    *raised AttributeError*    Wait For Frame    ${{ lambda message: message.m }}    timeout=10ms

Matching Bytes
    Send Frame    ${{ b'\xff\xd8\x00' }}
    Wait For Frame    length=3    hex^=FF D8

Wrong Use
    Run Keyword And Expect Error    *Nothing to send*    Send Every    1 s
    Run Keyword And Expect Error    *an interval above 0*    Send Every    0 s    type=ping
    Send Every    1 s    type=ping    name=beat
    Run Keyword And Expect Error    'beat' sends on connection 'tab' already*    Send Every    1 s    type=ping    name=beat


*** Keywords ***
Open Echo
    [Documentation]    Opens a connection that sends everything back.
    ${url} =    Server URL
    Open Connection    ${url}/echo    tab
