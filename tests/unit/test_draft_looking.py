"""How a platform is looked at, where no browser is wanted: forms of pages, and stores."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import redis

from realstack.draft import finding
from realstack.draft.masking import Mask
from realstack.draft.observations import Element, Page
from realstack.draft.rows import Store, look_into
from realstack.draft.signing_in import SignIn
from support import servers


def a_page(url: str, *elements: Element) -> Page:
    return Page("", "speaker", url, Element(0, "body", inside=elements))


def box(number: int, **attributes: str) -> Element:
    return Element(number, "input", attributes)


def button(number: int, text: str, **attributes: str) -> Element:
    return Element(number, "button", attributes, inside=(text,))


def form(number: int, *inside: Element) -> Element:
    return Element(number, "form", inside=inside)


class Site:
    """Pages that follow one another with each press."""

    def __init__(self, *pages: Page) -> None:
        self.pages = list(pages)
        self.did: list[tuple[int, str, str]] = []

    def look(self) -> Page:
        return self.pages[0]

    def act(self, element: Element, how: str, text: str) -> None:
        self.did.append((element.number, how, text))
        if how != "fill" and len(self.pages) > 1:
            self.pages.pop(0)


COMPOSER = Element(9, "textarea", {"id": "words"})


def signed_in(*pages: Page) -> tuple[Page, Site, SignIn]:
    site = Site(*pages)
    sign_in = SignIn(site.look, site.act, "ann", "secret word")
    return sign_in.run(), site, sign_in


def test_a_form_with_both_boxes_is_filled_and_sent() -> None:
    fields = form(1, box(2, name="user"), box(3, type="password"), button(4, "Go on"))
    end, site, _ = signed_in(a_page("/login", fields), a_page("/", COMPOSER))
    assert site.did == [(2, "fill", "ann"), (3, "fill", "secret word"), (4, "click", "")]
    assert finding.composer(end) == COMPOSER


def test_a_link_a_name_a_password_and_consent_may_be_pages_of_their_own() -> None:
    provider = "https://id.example.org"
    end, site, sign_in = signed_in(
        a_page("/", Element(1, "a", {"href": "/go"}, inside=("Sign in with Ours",)), button(2, "Help")),
        a_page(f"{provider}/name", form(1, box(2, type="email"), button(3, "Next"))),
        a_page(f"{provider}/word", form(1, box(2, type="password"), button(3, "Next"))),
        a_page(f"{provider}/ask", form(1, button(2, "Cancel", name="answer"), button(3, "Accept", name="answer"))),
        a_page("/", button(1, "New conversation")),
    )
    assert [number for number, how, _ in site.did if how == "click"] == [1, 3, 3, 3]
    assert end.url == "/"
    assert [step.what for step in sign_in.steps if step.did == "fill"] == ["user", "password"]


def test_a_form_that_comes_back_is_not_filled_for_ever() -> None:
    fields = form(1, box(2, name="user"), box(3, type="password"), button(4, "Go on"))
    _, site, _ = signed_in(a_page("/login", fields))
    assert len(site.did) == 3


def test_nobody_signs_in_where_nobody_is_named() -> None:
    site = Site(a_page("/", button(1, "Sign in")))
    assert SignIn(site.look, site.act, "", "").run().url == "/"
    assert site.did == []


def test_a_search_is_no_composer() -> None:
    assert finding.composer(a_page("/", box(1, type="text", placeholder="Search"))) is None
    assert finding.composer(a_page("/", box(1, type="text", placeholder="Type a message"))) is not None
    assert finding.composer(a_page("/", Element(1, "div", {"contenteditable": "true"}, editable=True))) is not None


def test_one_line_is_a_composer_where_its_button_sends() -> None:
    def written_on(called: str) -> Element | None:
        return finding.composer(a_page("/", form(1, box(2, id="line", autocomplete="off"), button(3, called))))

    assert [written_on(called) is not None for called in ("Send", "Ask", "Search", "Save")] == [True, True, False, False]


def test_what_was_typed_under_a_credentials_name_is_hidden_however_short() -> None:
    mask = Mask()
    sent = {
        "what": "exchange",
        "url": "/in",
        "headers": {"content-type": "application/json"},
        "request": '{"password": "a word"}',
    }
    frame = {"what": "frame", "direction": "out", "binary": False, "payload": '{"auth": {"api_key": "k3y4"}}'}
    mask.learn_from([sent, frame], [])
    told: list[dict[str, Any]] = mask.apply([sent, frame])
    assert "a word" not in told[0]["request"]
    assert "k3y4" not in told[1]["payload"]


def found(store: Store, texts: Sequence[str]) -> set[tuple[str, str, int]]:
    return {(one.table, one.column, one.text) for one in asyncio.run(look_into(store, texts))}


def test_texts_are_found_in_every_column_that_can_hold_them(postgres_server: servers.Postgres) -> None:
    async def fill() -> None:
        connection = await asyncpg.connect(postgres_server.dsn)
        try:
            await connection.execute(
                'CREATE SCHEMA "Said"; CREATE TABLE "Said"."Lines" (id int, words text, more jsonb, api_key text); '
                """INSERT INTO "Said"."Lines" VALUES (1, 'heliotrope', '{"of": "verbena"}', 'nobody-may-see'), """
                "(2, 'rose', '{}', '')"
            )
        finally:
            await connection.close()

    asyncio.run(fill())
    store = Store.of(f"chat={postgres_server.dsn}", {})
    assert found(store, ["verbena", "heliotrope"]) == {("Said.Lines", "words", 1), ("Said.Lines", "more", 0)}
    row = asyncio.run(look_into(store, ["rose", "heliotrope"]))[1].row
    assert (row["words"], row["api_key"]) == ("heliotrope", "<hidden>")


def test_texts_are_found_in_keys(redis_server: servers.Redis) -> None:
    client = redis.Redis.from_url(redis_server.url)
    client.hset("draft:line", "words", "heliotrope")
    client.rpush("draft:lines", "rose", "verbena")
    keys = {(table, text) for table, _, text in found(Store.of(f"cache={redis_server.url}", {}), ["verbena", "heliotrope"])}
    assert keys == {("draft:line", 1), ("draft:lines", 0)}
