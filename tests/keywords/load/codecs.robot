*** Settings ***
Documentation       Loads on connections that speak by a codec, answer and send by themselves.

Library             realstack.Load
Library             ../../support/StreamServer.py
Library             ../../support/WebSocketServer.py


*** Test Cases ***
Users Of A Hub Beat And Answer
    Create Script For A Hub
    Let Script Send Every    10 ms    type=${6}
    Let Script Answer    ask    reply={"type": 1, "target": "told", "arguments": "{arguments}"}
    Let Script Iterate
    Let Script Send Frame    {{"type":1,"target":"ask","arguments":["{query}"]}}\x1e
    Let Script Await    told    arguments[0]={query}    measure=answer
    Let Script Await    6
    Run Load    hub    users=${{ {'ann': {'query': 'a'}, 'bob': {'query': 'b'}} }}    times=2    most_lag=1 min
    Get Error Count    ==    0

Users Ask By A Request Whose Answer Is Streamed
    ${url} =    StreamServer.Server URL
    VAR    &{question}    prompt=hello {query}
    Create Script    answers
    Let Script Iterate
    Let Script Open Connection    ${url}/completions    transport=sse    body=${question}    measure=begin
    Let Script Await    data.delta={query}    measure=answer
    Let Script Await    message    data=[DONE]
    Run Load    answers    users=${{ {'ann': {'query': 'a'}, 'bob': {'query': 'b'}} }}    times=2    most_lag=1 min
    Get Error Count    ==    0

Bad Steps
    Create Script    bad
    Run Keyword And Expect Error    *a codec: json*'yaml'*    Let Script Open Connection    ws://x    codec=yaml
    Run Keyword And Expect Error    *at least one condition*    Let Script Answer    reply=x
    Run Keyword And Expect Error    *a reply that is a text, bytes or a JSON object*    Let Script Answer    ask    reply=${5}
    Run Keyword And Expect Error    *Nothing to send*    Let Script Send Every    1 s


*** Keywords ***
Create Script For A Hub
    [Documentation]    Its connections speak as SignalR does, and what they send comes back.
    ${url} =    WebSocketServer.Server URL
    Create Script    hub
    Let Script Open Connection    ${url}/echo    codec=signalr
