"""Canaille's Flask application, configured for this platform."""

from __future__ import annotations

import secrets
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canaille import create_app
from sqlalchemy import event

from chat_idp.keys import load_keys
from chat_idp.pictures import give_pictures
from chat_idp.settings import Settings

if TYPE_CHECKING:
    from flask import Flask

DATABASE = "canaille.sqlite"


def make_provider(settings: Settings) -> Flask:
    """Make the application; its database is opened at the first request or by `prepare`."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    oidc: dict[str, Any] = {
        "REQUIRE_NONCE": True,
        # Without trusted domains every client has to ask for consent, on this machine too.
        "TRUSTED_DOMAINS": [],
    }
    load_keys(oidc, settings.data_dir / "keys")
    app: Flask = create_app(
        config={
            "SECRET_KEY": _secret_key(settings.data_dir / "secret"),
            "SERVER_NAME": settings.authority,
            "PREFERRED_URL_SCHEME": settings.scheme,
            "CANAILLE": {
                "NAME": "Sign-in",
                "DATABASE": "sql",
                "LANGUAGE": "en",
                "JAVASCRIPT": False,
                "HTMX": False,
                "SMTP": None,
                "ENABLE_REGISTRATION": False,
                "ENABLE_PASSWORD_RECOVERY": False,
                "ENABLE_INTRUDER_LOCKOUT": False,
                # The records go to the handler that the service has set up.
                "LOGGING": {"version": 1, "incremental": True},
            },
            "CANAILLE_SQL": {
                "DATABASE_URI": f"sqlite:///{(settings.data_dir / DATABASE).resolve()}",
                "PASSWORD_SCHEMES": "pbkdf2_sha512",
                "PASSWORD_HASH_PARAMS": {"pbkdf2_sha512__rounds": settings.hash_rounds},
                "POOL_SIZE": settings.threads,
                "AUTO_MIGRATE": False,
            },
            "CANAILLE_OIDC": oidc,
            "CANAILLE_SCIM": {"ENABLE_SERVER": True, "ENABLE_CLIENT": False},
        }
    )
    _tune_database(app)
    # Each claim of a token is a template in the configuration; compiling them anew took a quarter of a sign-in.
    app.jinja_env.from_string = lru_cache(app.jinja_env.from_string)  # type: ignore[method-assign, assignment]
    give_pictures()
    return app


def _secret_key(path: Path) -> str:
    # Sessions and picture addresses are signed with it: it must survive a restart.
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text()


def _tune_database(app: Flask) -> None:
    from canaille.backends.sql.backend import SQLBackend  # noqa: PLC0415 - exists once the application does

    def on_connect(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        # Readers don't wait for the writer, and a writer waits for another instead of failing.
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA busy_timeout=5000")
        cursor.close()

    event.listen(SQLBackend.engine, "connect", on_connect)
