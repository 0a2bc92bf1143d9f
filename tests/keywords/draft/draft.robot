*** Settings ***
Documentation       A chat that nobody here knows is looked at in a real browser, and an adapter is drafted for it.

Library             Collections
Library             OperatingSystem
Library             Process
Library             ../../support/SmallChat.py

Test Tags           needs-browser


*** Variables ***
${ROOT}             ${CURDIR}/../../..


*** Test Cases ***
What Is Seen Of A Small Chat Is Its Adapter
    [Documentation]    Its frames, its page and how one signs in; not its password.
    ${said}    Look At The Small Chat    drafted
    Should Contain    ${said}    make contract PLATFORM=${OUTPUT_DIR}/drafted
    File Of Draft Should Contain    vocabulary.yaml
    ...    {when: {act: say}, means: send, take: {message: item.key, thread: room, text: item.words}}
    ...    {when: {act: enter}, means: resume, take: {thread: room}}
    ...    {when: {act: hello}, means: connected, take: {connection: link}}
    ...    {when: {act: taken}, means: ack, take: {message: key}}
    ...    {when: {act: line}, means: deliver, take: {message: item.key, thread: room, role: item.by, text: item.words}}
    File Of Draft Should Contain    page.yaml    conversation: /rooms/{thread}    composer: '#words'
    ...    is: {user: .ours, agent: '*'}    offline: ^Unlinked
    File Of Draft Should Contain    adapter.resource    nick=\${user.account.user_name}    pass=\${user.account.password}
    Password Should Stand In No File

Files That Are There Are Not Replaced
    [Documentation]    Nobody is looked at for nothing, either.
    Create File    ${OUTPUT_DIR}/kept/page.yaml    mine
    ${said}    Look At The Small Chat    kept    code=64
    Should Contain    ${said}    --overwrite
    ${page}    Get File    ${OUTPUT_DIR}/kept/page.yaml
    Should Be Equal    ${page}    mine


*** Keywords ***
Look At The Small Chat
    [Documentation]    Looks at the small chat; returns what the console said.
    [Arguments]    ${folder}    ${code: int}=0
    ${url}    Small Chat Url
    Remove Directory    ${OUTPUT_DIR}/drafted    recursive=True
    VAR    @{options}    --to    ${OUTPUT_DIR}/${folder}    --results    ${OUTPUT_DIR}/browser-of-draft
    ...    --rest    0.2    --patience    10
    ${done}    Run Process    ${{sys.executable}}    -m    realstack    draft    small    ${url}    @{options}    cwd=${ROOT}
    ...    env:DRAFT_USER=ann    env:DRAFT_PASSWORD=a good password    stderr=STDOUT    timeout=60s
    Should Be Equal As Integers    ${done.rc}    ${code}    ${done.stdout}    values=False
    RETURN    ${done.stdout}

File Of Draft Should Contain
    [Documentation]    A drafted file has these lines, or pieces of lines.
    [Arguments]    ${file}    @{pieces}
    ${text}    Get File    ${OUTPUT_DIR}/drafted/${file}
    FOR    ${piece}    IN    @{pieces}
        Should Contain    ${text}    ${piece}
    END

Password Should Stand In No File
    [Documentation]    The password of who was signed in.
    ${files}    List Files In Directory    ${OUTPUT_DIR}/drafted    absolute=True
    Length Should Be    ${files}    4
    FOR    ${file}    IN    @{files}
        ${text}    Get File    ${file}
        Should Not Contain    ${text}    a good password
    END
