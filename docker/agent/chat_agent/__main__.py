"""`python -m chat_agent`: one worker."""

from __future__ import annotations

import sys


def main() -> None:
    """Read the settings and work until stopped."""
    from chat_common.memory import begin_loading  # noqa: PLC0415 - before all others

    begin_loading()
    from chat_agent.settings import read_settings  # noqa: PLC0415 - a wrong variable is told before anything heavy loads
    from chat_common.settings import SettingsError  # noqa: PLC0415

    try:
        settings = read_settings()
    except SettingsError as error:
        sys.exit(str(error))
    from chat_agent.app import build  # noqa: PLC0415
    from chat_common.serve import serve, start_service  # noqa: PLC0415

    start_service(settings.service)
    serve(build(settings), settings.service, ws="none")


if __name__ == "__main__":
    main()
