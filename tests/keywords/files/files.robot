*** Settings ***
Documentation       Acceptance tests of the keywords of `Files`.

Library             OperatingSystem
Library             Process
Library             realstack.Files

Suite Setup         Make Suite's File


*** Test Cases ***
A Pdf Is What Was Asked For
    [Documentation]    Facts, size, fingerprint.
    ${file}    Make Pdf    report.pdf    pages=3    size=1 MB    fact=The vault opens with code 48213.    fact_page=2
    VAR    @{facts}    ${file}[name]    ${file}[size]    ${file}[pages]    ${file}[fact_page]
    Should Be Equal    ${facts}    ${{ ['report.pdf', 1000000, 3, 2] }}
    ${bytes}    Get Binary File    ${file}[path]
    Length Should Be    ${bytes}    1000000
    Get Sha256    ${bytes}    ==    ${file}[sha256]
    Get Sha256    ${file}[path]    ==    ${file}[sha256]

Equal Seeds Give Equal Files
    [Documentation]    In folders of their own.
    ${one}    Make Pdf    same.pdf    seed=1
    ${two}    Make Pdf    same.pdf    seed=1
    ${other}    Make Pdf    same.pdf
    Should Be Equal    ${one}[sha256]    ${two}[sha256]
    Should Not Be Equal    ${one}[sha256]    ${other}[sha256]
    Should Not Be Equal    ${one}[path]    ${two}[path]

Odd Files Are Made
    [Documentation]    Each with its facts.
    [Template]    File Should Have
    Make Encrypted Pdf    encrypted.pdf    1000    100000
    Make Broken Pdf    broken.pdf    15    100000
    Make Pdf Bomb    bomb.pdf    500    2500
    Make Unpacking Bomb    unpacking.pdf    1000    1000000
    Make Empty File    empty.pdf    0    0

A Pdf Has A Text Of Any Script
    [Documentation]    Its mark stands where it was wanted.
    ${file}    Make Pdf Of Text    safe.pdf    text=Сейф 金庫 48213    unstorable=True    mark_at=900
    Should Be Equal    ${file}[fact]    Сейф 金庫 48213
    ${bytes}    Get Binary File    ${file}[path]
    Should Be Equal    ${bytes}[900:905]    ${{ b'%PDF-' }}

Other Types Are Made
    [Documentation]    Under a PDF's name.
    ${file}    Make File Of Type    png    photo.pdf
    ${bytes}    Get Binary File    ${file}[path]
    Should Be Equal    ${bytes}[1:4]    ${{ b'PNG' }}

Files End With Their Owner
    [Documentation]    Those of a test with the test, those of a suite with the suite.
    ${result}    Run Process
    ...    ${{sys.executable}}    -m    robot    --output    NONE    --report    NONE    ${CURDIR}/_runs/owners.robot
    ...    timeout=60s    on_timeout=kill    stderr=STDOUT
    Should Contain    ${result.stdout}    4 tests, 4 passed, 0 failed

Bad Wishes Are Refused
    [Documentation]    What was expected, what was seen.
    Run Keyword And Expect Error    Expected: a file's name without a folder\nSeen: '../x.pdf'*    Make Pdf    ../x.pdf
    Run Keyword And Expect Error    Expected: the size is bytes, such as 4096*    Make Pdf    size=much
    Run Keyword And Expect Error    Expected: a size of at least*    Make Pdf    size=${10}
    Run Keyword And Expect Error    Expected: the fact on a page from 1 to 5*    Make Pdf    fact=x    fact_page=6
    Run Keyword And Expect Error    Expected: a mark at 0, or from 2*    Make Pdf Of Text    text=x    mark_at=2000
    Run Keyword And Expect Error    Expected: a bomb of 10 to*    Make Pdf Bomb    pages=1
    Run Keyword And Expect Error    ValueError: Argument 'kind' got value 'odd'*    Make Broken Pdf    kind=odd
    Run Keyword And Expect Error    *should be*    Get Sha256    ${SUITE_FILE}[path]    ==    0
    Run Keyword And Expect Error    Expected: a file that can be read*    Get Sha256    /no/such/file
    Run Keyword And Expect Error    Expected: a path, bytes or a response*    Get Sha256    ${5}


*** Keywords ***
Make Suite's File
    [Documentation]    Stays until the suite ends.
    ${file}    Make Pdf
    VAR    ${SUITE_FILE}    ${file}    scope=SUITE

File Should Have
    [Documentation]    A name, and a size between two.
    [Arguments]    ${maker}    ${name}    ${smallest}    ${largest}
    ${file}    Run Keyword    ${maker}    ${name}
    Should Be Equal    ${file}[name]    ${name}
    Should Be True    int($smallest) <= $file['size'] <= int($largest)
    Should Be Equal    ${file}[pages]    ${0}
