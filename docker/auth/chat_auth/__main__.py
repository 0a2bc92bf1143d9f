"""`python -m chat_auth`: serve until SIGTERM; SIGHUP reads the signing keys again."""

from __future__ import annotations

from chat_auth.settings import read_settings
from chat_common.logs import configure_logs
from chat_common.memory import begin_loading
from chat_common.settings import SettingsError


def main() -> None:
    """Read the settings and serve."""
    try:
        settings = read_settings()
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    configure_logs(settings.service.name, settings.service.log_level)
    begin_loading()
    from chat_auth.app import make_app  # noqa: PLC0415 - bad settings are told before the imports
    from chat_auth.keys import KeysError  # noqa: PLC0415
    from chat_common.serve import serve  # noqa: PLC0415

    try:
        app = make_app(settings)
    except KeysError as error:
        raise SystemExit(f"AUTH_SIGNING_KEYS_DIR: {error}") from None
    serve(app, settings.service)


if __name__ == "__main__":
    main()
