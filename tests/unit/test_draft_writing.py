"""A draft is files that the house's own readers take, which hold no credential and replace nothing unasked."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from robot.api import get_resource_model

from realstack.browser.description import known_elements, load
from realstack.core.errors import StackError
from realstack.draft import selecting
from realstack.draft.command import EXIT_DONE, EXIT_USAGE, main
from realstack.draft.masking import Mask, request_text
from realstack.draft.observations import Exchange, Frame, Observations, Page, Socket
from realstack.draft.rows import Store
from realstack.draft.writing import NAMES, Draft, check, write
from realstack.history.vocabulary import Vocabulary
from realstack.platform.adapter import find
from support.project import ADAPTERS

LOOKED = Path(__file__).parent / "looked"
BOTH = pytest.mark.parametrize("name", ["reference", "chainlit"])


def drafted(name: str, folder: Path) -> Path:
    seen = Observations.read(LOOKED / f"{name}.json")
    write(Draft.of("mine", seen), folder / "mine", [], overwrite=False, adapters=ADAPTERS)
    return folder / "mine"


@BOTH
def test_all_files_are_read_by_those_who_use_them(name: str, tmp_path: Path) -> None:
    folder = drafted(name, tmp_path)
    vocabulary = Vocabulary.load(folder / "vocabulary.yaml")
    assert vocabulary.row_take
    assert load(folder / "page.yaml", known_elements(ADAPTERS)).elements["composer"]
    adapter = find(str(folder), ADAPTERS, default="reference")
    assert adapter.driver_file == folder / "platform.yaml"
    assert not adapter.capabilities["resume"]
    assert "does not say" in adapter.capabilities["limit"]


@BOTH
def test_every_rule_and_element_and_keyword_says_what_it_was_inferred_from(name: str, tmp_path: Path) -> None:
    folder = drafted(name, tmp_path)
    lines = (folder / "vocabulary.yaml").read_text(encoding="utf-8").splitlines()
    assert all(before.lstrip().startswith("#") for before, line in pairwise(lines) if line.startswith("    - {"))
    page = (folder / "page.yaml").read_text(encoding="utf-8").splitlines()
    assert all(before.startswith("  #") for before, line in pairwise(page) if re.match(r"  [a-z]", line))
    keywords = (folder / "adapter.resource").read_text(encoding="utf-8").partition("*** Keywords ***")[2].partition("***")[0]
    for block in keywords.strip().split("\n\n"):
        assert block.splitlines()[1].startswith("    # Inferred from: "), block


@BOTH
def test_robot_reads_the_keywords(name: str, tmp_path: Path) -> None:
    model = get_resource_model(drafted(name, tmp_path) / "adapter.resource")
    errors = [error for section in model.sections for item in section.body for error in getattr(item, "errors", ())]
    assert not errors
    names = {item.name for section in model.sections for item in section.body if hasattr(item, "name") and hasattr(item, "body")}
    assert names >= {
        "An Account",
        "Sign In",
        "Open Sockets",
        "Send Text",
        "Message Should Be Acknowledged",
        "Answer Should Reach",
    }


def test_what_pages_send_first_is_sent_first(tmp_path: Path) -> None:
    text = (drafted("chainlit", tmp_path) / "adapter.resource").read_text(encoding="utf-8")
    begin = text.partition("\nBegin On Tab\n")[2].partition("\n\n")[0]
    kinds = re.findall(r"'event': '(\w+)'|'type': '(connect)'", begin)
    assert [event or kind for event, kind in kinds] == ["connect", "connection_successful", "fetch_favorites"]
    assert "'threadId': str($thread)" in begin
    assert "Begin On Tab" not in (drafted("reference", tmp_path / "other") / "adapter.resource").read_text(encoding="utf-8")


def test_where_a_socket_is_in_one_conversation_what_is_said_in_another_goes_there_first(tmp_path: Path) -> None:
    text = (drafted("chainlit", tmp_path) / "adapter.resource").read_text(encoding="utf-8")
    send = text.partition("\nSend Text\n")[2].partition("\n\n")[0]
    assert "IF    $begun[-1]['data']['threadId'] != $thread    Resume Thread    ${tab}    ${thread}" in send
    resume = text.partition("\nResume Thread\n")[2].partition("\n\n")[0]
    assert resume.index("type=disconnect") < resume.index("Begin On Tab")
    assert "$begun" not in (drafted("reference", tmp_path / "other") / "adapter.resource").read_text(encoding="utf-8")


def test_an_answer_is_the_agent_s_on_pages_too(tmp_path: Path) -> None:
    assert Vocabulary.load(drafted("chainlit", tmp_path) / "vocabulary.yaml").agent_roles == {"agent", "assistant_message"}


def test_a_conversation_that_must_be_made_first_is_said_to_be_missing() -> None:
    seen = Observations.read(LOOKED / "reference.json")
    ready, signed_out = seen.page("ready"), seen.page("opened")
    assert ready is not None
    assert signed_out is not None
    for body, missing in ((ready.body, False), (signed_out.body, True)):
        pages = [*seen.pages, Page("ready", "listener", ready.url, body)]
        said = Draft.of("mine", replace(seen, pages=pages)).missing["adapter.resource"]
        assert any("[A Stored Thread]" in one for one in said) is missing


@BOTH
def test_no_keyword_hides_a_variable_of_the_file(name: str, tmp_path: Path) -> None:
    text = (drafted(name, tmp_path) / "adapter.resource").read_text(encoding="utf-8")
    variables, keywords = text.partition("*** Variables ***")[2].split("*** Keywords ***")
    own = {found.lower() for found in re.findall(r"(?m)^[$@&]\{(\w+)\}", variables)}
    assigned = {found.lower() for found in re.findall(r"(?m)^ +(?:VAR +)?[$@&]\{(\w+)(?:: \w+)?\}", keywords)}
    assert own
    assert assigned
    assert not own & assigned, "Robot Framework's names of variables know no capitals"


def test_what_was_not_seen_is_said(tmp_path: Path) -> None:
    folder = drafted("chainlit", tmp_path)
    assert "how it says that is not known" in (folder / "page.yaml").read_text(encoding="utf-8")
    assert "[Rename Thread]" in (folder / "adapter.resource").read_text(encoding="utf-8").partition("*** Comments ***")[2]


def test_files_that_are_there_stay(tmp_path: Path) -> None:
    folder = drafted("reference", tmp_path)
    (folder / "page.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(StackError, match="holds no file of an adapter yet"):
        drafted("reference", tmp_path)
    seen = Draft.of("mine", Observations.read(LOOKED / "reference.json"))
    write(seen, folder, [], overwrite=True, adapters=ADAPTERS)
    assert (folder / "page.yaml").read_text(encoding="utf-8") != "mine"


def test_no_file_is_written_that_would_hold_a_credential(tmp_path: Path) -> None:
    seen = Draft.of("mine", Observations.read(LOOKED / "reference.json"))
    with pytest.raises(StackError, match="One stands in"):
        write(seen, tmp_path / "mine", ["/auth/refresh"], overwrite=False, adapters=ADAPTERS)
    assert not (tmp_path / "mine").exists()


def test_nothing_is_kept_that_a_reader_refuses() -> None:
    good = Draft.of("mine", Observations.read(LOOKED / "reference.json")).files()
    check(good, ADAPTERS)
    for file, wrong in (
        ("vocabulary.yaml", "frames: 7"),
        ("page.yaml", "elements: {nobody: a}"),
        ("platform.yaml", "capabilities: {x: true}"),
    ):
        with pytest.raises(StackError):
            check({**good, file: wrong}, ADAPTERS)


def without(told: object, name: str) -> object:
    if isinstance(told, dict):
        return {key: without(value, name) for key, value in told.items() if key != name}
    return [without(one, name) for one in told] if isinstance(told, list) else told


@pytest.mark.parametrize(
    "name",
    [
        "type",
        "payload",
        "text",
        "message_id",
        "thread_id",
        "run_id",
        "role",
        "seq",
        "query_message_id",
        "connection_id",
        "user_id",
    ],
)
def test_a_platform_whose_frames_lack_a_field_is_drafted_without_it(name: str) -> None:
    seen = Observations.read(LOOKED / "reference.json")
    frames = [replace(one, payload=json.dumps(without(json.loads(one.payload), name))) for one in seen.frames]
    check(Draft.of("mine", replace(seen, frames=frames)).files(), ADAPTERS)


def test_the_command_infers_again_from_what_was_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = ["mine", "--seen", str(LOOKED / "chainlit.json"), "--to", str(tmp_path / "mine"), "--adapters", str(ADAPTERS)]
    assert main(told) == EXIT_DONE
    said = capsys.readouterr().out
    assert "What could not be seen" in said
    assert f"make contract PLATFORM={tmp_path / 'mine'}" in said
    assert {path.name for path in (tmp_path / "mine").iterdir()} == set(NAMES)
    assert main(told) == EXIT_USAGE
    assert "--overwrite" in capsys.readouterr().out


@pytest.mark.parametrize("outside", [True, False])
def test_an_adapter_is_drafted_where_runs_find_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, outside: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    adapters = tmp_path / "adapters"
    shutil.copytree(ADAPTERS, adapters, ignore=lambda _, names: [one for one in names if not one.endswith(".yaml")])
    folder = tmp_path / "elsewhere" / "mine" if outside else adapters / "mine"
    given = str(folder) if outside else "mine"
    assert main([given, "--seen", str(LOOKED / "chainlit.json"), "--adapters", str(adapters)]) == EXIT_DONE
    said = capsys.readouterr().out
    assert f"make contract PLATFORM={given}\n" in said
    assert "MINE_USER_1" in said
    assert {path.name for path in folder.iterdir()} == set(NAMES)


def test_patterns_for_pages_escape_what_browsers_take_an_escape_of() -> None:
    """One with the flag `u`, as pages are read, is malformed with a backslash before anything else."""
    assert selecting.literally("step-1 #2.a/[b]") == r"step-1 #2\.a/\[b\]"


def test_as_many_accounts_are_drafted_as_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2, 3):
        monkeypatch.setenv(f"MINE_USER_{number}", f"ann-{number}")
    told = ["mine", "--seen", str(LOOKED / "chainlit.json"), "--to", str(tmp_path / "mine"), "--adapters", str(ADAPTERS)]
    assert main(told) == EXIT_DONE
    assert "user-3: MINE_PASSWORD_3" in (tmp_path / "mine" / "platform.yaml").read_text(encoding="utf-8")
    assert "%{MINE_USER_3=}" in (tmp_path / "mine" / "adapter.resource").read_text(encoding="utf-8")


def test_the_command_wants_an_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mine", "chat.example.org", "--to", str(tmp_path / "mine")]) == EXIT_USAGE
    assert "http://" in capsys.readouterr().out


def test_commands_are_told() -> None:
    done = subprocess.run([sys.executable, "-m", "realstack", "--help"], check=False, capture_output=True, text=True)
    assert done.returncode == 0
    assert "draft" in done.stdout
    assert "contract" in done.stdout


def test_what_was_seen_is_written_down_and_read_again(tmp_path: Path) -> None:
    seen = Observations.read(LOOKED / "reference.json")
    seen.write(tmp_path / "again.json")
    assert Observations.read(tmp_path / "again.json").plain == seen.plain
    (tmp_path / "again.json").write_text("{}", encoding="utf-8")
    with pytest.raises(StackError, match="as \\[draft --keep\\] writes it"):
        Observations.read(tmp_path / "again.json")


# Secrets

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlLW9mLWl0"
PASSWORD = "correct horse"


def test_what_opens_something_is_one_number_wherever_it_turns_up() -> None:
    mask = Mask([PASSWORD])
    seen = [
        {"what": "exchange", "url": "/token?state=abcdefgh1234", "response": f'{{"access_token": "{TOKEN}"}}', "headers": {}},
        {"what": "exchange", "url": "/me", "headers": {"authorization": f"Bearer {TOKEN}"}, "response": '{"token": "two words"}'},
    ]
    mask.learn_from(seen, [{"name": "sid", "value": "0123456789abcdef", "httpOnly": True}])
    told = mask.apply([*seen, {"headers": {"Cookie": "sid=0123456789abcdef"}, "password": "correct horse"}])
    number = told[0]["response"].split('"')[3]
    assert re.fullmatch(r"<hidden \d+>", number)
    assert told[1]["headers"]["authorization"] == f"Bearer {number}"
    assert told[1]["response"] == '{"token": "two words"}'
    assert told[2]["headers"] == {}
    assert "correct horse" not in str(told)
    assert "abcdefgh1234" not in str(told)


def test_forms_keep_the_names_of_their_fields_only_where_they_hold_credentials() -> None:
    fields = [("user", "ann"), ("password", "pw")]
    parts = (
        "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields) + "--b--"
    )
    headers = {"content-type": "multipart/form-data; boundary=b"}
    assert request_text({"request": parts, "headers": headers}) == "user=ann&password=<hidden>"


def test_a_stores_password_is_in_no_address() -> None:
    store = Store.of("chat=postgresql://tester:pw@db.example.org:5433/chat", {})
    assert (store.url, store.user, store.password) == ("postgresql://db.example.org:5433/chat", "tester", "pw")
    assert Store.of("chat=postgresql://tester@db/chat", {"CHAT_PASSWORD": "pw"}).password == "pw"
    with pytest.raises(StackError) as refused:
        Store.of("chat=mysql://tester:hidden-word@db/chat", {})
    assert "hidden-word" not in str(refused.value)


def test_recordings_hold_no_credential() -> None:
    for file in LOOKED.glob("*.json"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*|Bearer (?!<hidden)", text), file


def test_a_token_that_answers_who_signs_in_is_asked_for_once_and_shown_in_the_first_frame(tmp_path: Path) -> None:
    chat = "http://chat.example.org"
    given = {"request": '{"nick": "ann", "pass": "<hidden 1>"}', "response": '{"bearer": "<hidden 2>"}'}
    as_json = {"content-type": "application/json"}
    seen = Observations(chat, "ann")
    seen.exchanges.append(Exchange("speaker", "POST", f"{chat}/enter", "fetch", 200, **given, headers=as_json))
    shown = {"authorization": "Bearer <hidden 2>"}
    seen.exchanges.append(Exchange("speaker", "GET", f"{chat}/rooms", "fetch", 200, response="[]", headers=shown))
    seen.sockets.append(Socket("1", "speaker", "ws://chat.example.org/wire"))
    seen.frames.append(Frame("1", "speaker", "out", '["hello", 1, "<hidden 2>"]'))
    write(Draft.of("mine", seen), tmp_path / "mine", [], overwrite=False, adapters=ADAPTERS)
    resource = (tmp_path / "mine" / "adapter.resource").read_text(encoding="utf-8")
    assert resource.count("    POST    /enter") == 1
    assert "${answer} =    Send Request    POST    /enter    session=${user.session}    json=${fields}    status=200" in resource
    assert "[Begin On Tab]: a socket's first frame held a credential" in resource
    assert 'credential_names: "bearer"' in (tmp_path / "mine" / "platform.yaml").read_text(encoding="utf-8")
