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
    Should Be Equal    ${frame.word}    <hidden>
