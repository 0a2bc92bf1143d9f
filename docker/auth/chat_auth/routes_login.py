"""Routes of signing in: to the provider and back."""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from chat_auth.provider import Provider
from chat_auth.refusals import SignInRefused
from chat_auth.service import LOGIN_COOKIE, LOGIN_SECONDS, REFRESH_COOKIE, Service, service_of
from chat_common.errors import ApiError
from chat_common.logs import Log

log = Log("sign_in")

BROWSER_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
NO_STORE = {"Cache-Control": "no-store"}


async def config(request: Request) -> Response:
    """`GET /auth/config`: what the page has to know before anybody signed in."""
    settings = service_of(request).settings
    providers = [{"id": provider.id, "name": provider.name} for provider in settings.providers]
    return JSONResponse({"providers": providers, "access_token_ttl": settings.access_token_ttl})


async def login(request: Request) -> Response:
    """`GET /auth/login`: to the provider."""
    service = service_of(request)
    provider = _provider(service, request.query_params.get("provider"))
    return_to = local_path(request.query_params.get("return_to", "/"))
    browser = _browser(request) or secrets.token_urlsafe(32)
    # A provider that can't be reached is found out before anything is remembered.
    try:
        await provider.discover()
        flow = await service.flows.begin(provider.settings.id, return_to, browser)
        url = await provider.authorization_url(
            state=flow.state,
            nonce=flow.nonce,
            code_challenge=flow.code_challenge,
            redirect_uri=redirect_uri(service, provider.settings.id),
        )
    except SignInRefused as refusal:
        log.warning("login_refused", provider=provider.settings.id, reason=refusal.code, why=refusal.detail)
        return _refused(request, refusal, status=503 if refusal.code == "provider_unreachable" else 400)
    response = RedirectResponse(url, status_code=302, headers=NO_STORE)
    service.set_cookie(response, LOGIN_COOKIE, browser, LOGIN_SECONDS)
    return response


async def callback(request: Request) -> Response:
    """`GET /auth/callback/{provider}`: back from the provider."""
    service = service_of(request)
    provider = _provider(service, request.path_params["provider"])
    browser = _browser(request)
    try:
        flow = await service.flows.take(provider.settings.id, request.query_params.get("state", ""), browser)
        code = _code(request, provider)
        claims = await provider.sign_in(
            code, redirect_uri=redirect_uri(service, provider.settings.id), code_verifier=flow.code_verifier, nonce=flow.nonce
        )
    except SignInRefused as refusal:
        log.warning("login_refused", provider=provider.settings.id, reason=refusal.code, why=refusal.detail)
        response = _refused(request, refusal, status=400)
    else:
        granted = await service.sessions.open(provider.settings.id, provider.settings.issuer, claims)
        log.info(
            "login_completed", provider=granted.provider, user_id=str(granted.user["id"]), session_id=str(granted.session_id)
        )
        response = RedirectResponse(flow.return_to, status_code=302, headers=NO_STORE)
        service.set_cookie(response, REFRESH_COOKIE, granted.refresh_token, service.settings.refresh_token_ttl)
    if LOGIN_COOKIE in request.cookies and not await service.flows.any_open(browser):
        service.drop_cookie(response, LOGIN_COOKIE)
    return response


def redirect_uri(service: Service, provider_id: str) -> str:
    """Where a provider sends the browser back to."""
    return f"{service.settings.public_url}/auth/callback/{provider_id}"


def local_path(text: str) -> str:
    """A path of this platform's own pages.

    Raises:
        ApiError: 400 for everything that a browser might take for another site.
    """
    parts = urlsplit(text) if text.isprintable() and "\\" not in text else None
    if parts is None or not text.startswith("/") or text.startswith("//") or parts.scheme or parts.netloc or len(text) > 2048:
        raise ApiError(400, "bad_return_to", "return_to must be a path of this site, such as /threads.")
    return text


def _provider(service: Service, provider_id: str | None) -> Provider:
    if provider_id is None and len(service.providers) == 1:
        return next(iter(service.providers.values()))
    provider = service.providers.get(provider_id or "")
    if provider is None:
        raise ApiError(404, "unknown_provider", f"The providers are: {', '.join(service.providers)}.")
    return provider


def _browser(request: Request) -> str | None:
    secret = request.cookies.get(LOGIN_COOKIE, "")
    return secret if BROWSER_SECRET.fullmatch(secret) else None


def _code(request: Request, provider: Provider) -> str:
    answer = request.query_params
    # RFC 9207: whoever says it, another provider's answer must not be taken for this one's.
    if answer.get("iss", provider.settings.issuer) != provider.settings.issuer:
        raise SignInRefused("provider_error", "the answer names another issuer")
    if "error" in answer:
        error = answer["error"]
        raise SignInRefused("provider_error", error if re.fullmatch(r"[a-z_]{1,40}", error) else "")
    if not answer.get("code"):
        raise SignInRefused("code_missing")
    return answer["code"]


def _refused(request: Request, refusal: SignInRefused, *, status: int) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(f"/?error={refusal.code}", status_code=302, headers=NO_STORE)
    return ApiError(status, refusal.code, refusal.detail).response()


ROUTES = [
    Route("/auth/config", config),
    Route("/auth/login", login),
    Route("/auth/callback/{provider}", callback),
]
