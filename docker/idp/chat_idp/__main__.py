"""`python -m chat_idp`: serve the provider until SIGTERM; SIGHUP reads its signing keys again."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Any

from chat_common.logs import Log, configure_logs
from chat_common.memory import begin_loading, end_loading
from chat_common.settings import SettingsError
from chat_idp.settings import Settings, read_settings

if TYPE_CHECKING:
    from flask import Flask

log = Log("idp")
STOP_SECONDS = 2.0


def main() -> None:
    """Read the settings, prepare the provider and serve it."""
    try:
        settings = read_settings()
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    configure_logs(settings.service.name, settings.service.log_level)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    begin_loading()
    from chat_idp.prepare import prepare  # noqa: PLC0415 - bad settings are told before a second of imports
    from chat_idp.provider import make_provider  # noqa: PLC0415

    app = make_provider(settings)
    prepare(app, settings)
    end_loading()
    asyncio.run(_serve(app, settings))
    log.info("stopped")
    sys.stdout.flush()


async def _serve(app: Flask, settings: Settings) -> None:
    from hypercorn.asyncio import serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415

    from chat_idp.keys import load_keys  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(settings.threads, thread_name_prefix="provider"))
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)

    def reload_keys() -> None:
        load_keys(app.config["CANAILLE_OIDC"], settings.data_dir / "keys")
        log.info("keys_loaded")

    loop.add_signal_handler(signal.SIGHUP, reload_keys)
    config = Config()
    config.bind = [f"{settings.service.host}:{settings.service.port}"]
    config.graceful_timeout = STOP_SECONDS
    config.include_server_header = False
    config.keep_alive_timeout = 65
    config.errorlog = None
    log.info("listening", host=settings.service.host, port=settings.service.port, issuer=settings.issuer, pid=os.getpid())
    application: Any = _with_a_body(app)
    await serve(application, config, mode="wsgi", shutdown_trigger=stop.wait)


def _with_a_body(app: Flask) -> Any:
    """Hypercorn 0.18 answers 500 in place of a WSGI response without a body (204, 304): give it an empty piece."""
    from werkzeug.wsgi import ClosingIterator  # noqa: PLC0415

    def application(environ: Any, start_response: Any) -> Any:
        body: Any = app(environ, start_response)
        return ClosingIterator(chain(body, (b"",)), getattr(body, "close", None))

    return application


if __name__ == "__main__":
    main()
