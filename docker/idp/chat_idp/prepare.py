"""What the provider's database holds before anybody comes: tables, clients, and the users that the settings name."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from canaille.app import models
from canaille.backends import Backend
from canaille.backends.sql.backend import Base, SQLBackend
from canaille.scim.casting import user_from_scim_to_canaille
from canaille.scim.models import EnterpriseUser, User

from chat_idp.settings import Client, Settings

if TYPE_CHECKING:
    from flask import Flask

SCOPES = ["openid", "profile", "email"]


def prepare(app: Flask, settings: Settings) -> None:
    """Make what is missing; what exists is left alone, but for the clients, which follow the settings."""
    with app.app_context(), Backend.instance.session():
        # The models' own tables: running the migrations from the first one to the last takes seconds.
        Base.metadata.create_all(SQLBackend.engine)
        _register(settings.client, grants=["authorization_code", "refresh_token"], name="Chat")
        _register(settings.scim_client, grants=["client_credentials"], name="User administration")
        for user in settings.users:
            if not Backend.instance.get(models.User, user_name=user["userName"]):
                _add_user(user)


def _register(client: Client, *, grants: list[str], name: str) -> None:
    known: Any = Backend.instance.get(models.Client, client_id=client.id)
    row = known or models.Client(client_id=client.id, client_id_issued_at=datetime.datetime.now(datetime.UTC))
    row.client_name = name
    row.client_secret = client.secret
    row.redirect_uris = list(client.redirect_uris)
    row.grant_types = grants
    row.response_types = ["code"] if client.redirect_uris else []
    row.scope = SCOPES
    row.id_token_signed_response_alg = "RS256"  # noqa: S105 - name of an algorithm
    row.token_endpoint_auth_method = "client_secret_basic"  # noqa: S105 - name of a method
    Backend.instance.save(row)
    if not known:
        # The audience of its ID tokens.
        row.audience = [row]
        Backend.instance.save(row)


def _add_user(given: Any) -> None:
    # Through the same conversion as a user that comes over SCIM.
    user = User[EnterpriseUser](
        user_name=given["userName"],
        name=User.Name(formatted=given["name"], family_name=given["name"].split()[-1], given_name=given["name"].split()[0]),
        display_name=given["name"],
        emails=[User.Emails(value=given["email"])],
        password=given["password"],
        active=True,
    )
    Backend.instance.save(user_from_scim_to_canaille(user, models.User()))
