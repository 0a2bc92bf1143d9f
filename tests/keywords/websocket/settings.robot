*** Settings ***
Documentation       What is said when the library is imported.

Library             realstack.WebSocket    masked_fields=${{['word']}}    type_path=event.name
Library             ../../support/WebSocketServer.py


*** Test Cases ***
Frames Say Their Type Elsewhere And Have Secrets Of Their Own
    ${url} =    Server URL
    Open Connection    ${url}/echo
    Send Json    event.name=joined    word=swordfish    other=seen
    ${frame} =    Wait For Frame    joined    other=seen
    Should Be True    $frame.word.value == 'swordfish'
    Send Json    event.name=again    said=${frame.word}
    ${frame} =    Wait For Frame    again
    Should Be True    $frame.said.value == 'swordfish'
