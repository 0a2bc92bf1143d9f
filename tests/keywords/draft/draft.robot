*** Settings ***
Documentation       A chat that nobody here knows is looked at in a real browser, and an adapter is drafted for it.

Resource            look.resource
Library             Collections
Library             OperatingSystem

Suite Setup         Ensure Look Has Begun
Test Tags           needs-browser


*** Test Cases ***
What Is Seen Of A Small Chat Is Its Adapter
    [Documentation]    Its frames, its page and how one signs in; not its password.
    ${said}    Look Should End With    0    look
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
    Begin To Look    another look    kept
    ${said}    Look Should End With    64    another look
    Should Contain    ${said}    --overwrite
    ${page}    Get File    ${OUTPUT_DIR}/kept/page.yaml
    Should Be Equal    ${page}    mine


*** Keywords ***
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
