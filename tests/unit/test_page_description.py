"""A description of a page is checked where it comes in."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from realstack import adapter as variable_file
from realstack.browser.description import Description, known_elements, load
from realstack.core.errors import StackError
from support.project import ADAPTERS

KNOWN = known_elements(ADAPTERS)
REFERENCE = ADAPTERS / "reference" / "page.yaml"


def described(folder: Path, text: str) -> Description:
    file = folder / "page.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, KNOWN)


def test_the_reference_describes_each_element_and_value_that_resources_know() -> None:
    elements = load(REFERENCE, KNOWN).elements
    assert {name: {"means", *one.values} for name, one in elements.items()} == {
        name: {value for value in known if value != "text" or value in elements[name].values} for name, known in KNOWN.items()
    }


def test_an_element_is_a_selector_or_has_values(tmp_path: Path) -> None:
    page = described(
        tmp_path,
        "conversation: /thread/{thread}/view\n"
        "elements:\n"
        "  composer: textarea\n"
        "  message:\n"
        "    selector: .step\n"
        "    id: data-id\n"
        "    role: {is: {user: .mine, agent: '*'}}\n"
        "    text: {of: .text, find: '.*'}\n",
    )
    assert page.element("composer").selector == "textarea"
    assert page.element("message", "id", "text").values["id"] == {"attribute": "data-id"}
    assert page.plain["elements"]["composer"] == {"selector": "textarea", "values": {"text": {}}}
    assert page.plain["elements"]["message"]["values"]["text"] == {"of": ".text", "find": ".*"}
    assert (page.path(), page.path("t-1"), page.plain["conversation"]) == ("/", "/thread/t-1/view", ["/thread/", "/view"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[message]", "page.yaml is a mapping"),
        ("elements: {composr: textarea}", "'composr'. Did you mean 'composer'?"),
        ("element: {}", "Did you mean 'elements'?"),
        (
            "elements: {message: {selector: li, stat: data-state}}",
            "values of 'message' are among id, seq, … Did you mean 'state'?",
        ),
        ("elements: {message: {selector: li, id: {attr: data-id}}}", "words for 'id' of 'message' … Did you mean 'attribute'?"),
        ("elements: {message: {id: data-id}}", "the selector of 'message' is a text"),
        ("elements:\n  composer: #message", "stands in quotes: YAML takes it for a comment"),
        ("elements: {connection: {selector: p, state: {is: {online: .on}, find: x}}}", "read in one way"),
        ("elements: {connection: {selector: p, state: {says: {online: '('}}}}", "a regular expression"),
        ("elements: {connection: {selector: p, state: {is: [online]}}}", "`is` of 'state' of 'connection' is a mapping"),
        ("elements: {connection: {selector: p, state: [online]}}", "'state' of 'connection' is a mapping"),
        ("conversation: /threads", "a path such as /threads/{thread}"),
        ("conversation: 7", "a path such as /threads/{thread}"),
        ("elements: {", "not YAML"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(StackError) as error:
        described(tmp_path, text)
    for part in told.split(" … "):
        assert part in str(error.value)


def test_what_is_not_described_is_told_with_what_is_near(tmp_path: Path) -> None:
    page = described(tmp_path, "elements: {message: {selector: li, state: data-state}}")
    with pytest.raises(StackError, match=r"describes the element 'mesage'\nSeen: It does not. Did you mean 'message'\?"):
        page.element("mesage")
    with pytest.raises(StackError, match="describes 'role' of the element 'message'"):
        page.element("message", "state", "role")
    with pytest.raises(StackError, match="says where conversations are"):
        page.path("t-1")


def test_a_wrong_description_stops_the_run_before_anything_is_started(tmp_path: Path) -> None:
    (tmp_path / "platform.yaml").write_text("driver: external\n", encoding="utf-8")
    assert variable_file.get_variables(str(ADAPTERS), str(tmp_path))["ADAPTER"].lacking["needs-browser"].endswith("its page")
    (tmp_path / "page.yaml").write_text(yaml.safe_dump({"elements": {"box": "textarea"}}), encoding="utf-8")
    assert "'box'" in variable_file.get_variables(str(ADAPTERS), str(tmp_path))["ADAPTER"].problem
