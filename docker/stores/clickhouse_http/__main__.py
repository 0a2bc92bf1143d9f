"""`python -m clickhouse_http --config-file=FILE`: serve until SIGTERM, as `clickhouse server` does with that file."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from chat_common.logs import configure_logs
from chat_common.memory import begin_loading
from chat_common.settings import ServiceSettings
from clickhouse_http.configuration import ConfigurationError, read_configuration


def main() -> None:
    """Read the configuration and serve."""
    parser = argparse.ArgumentParser(prog="clickhouse_http", description=__doc__)
    parser.add_argument("--config-file", type=Path, required=True, help="ClickHouse's config.xml")
    file = parser.parse_args().config_file
    try:
        configuration = read_configuration(file)
    except ConfigurationError as error:
        raise SystemExit(str(error)) from None
    name = os.environ.get("SERVICE_NAME", "clickhouse")
    configure_logs(name)
    begin_loading()
    from chat_common.serve import serve  # noqa: PLC0415 - a bad configuration is told before the imports
    from clickhouse_http.app import make_app  # noqa: PLC0415
    from clickhouse_http.engine import Engine, EngineMissing  # noqa: PLC0415

    try:
        engine = Engine(configuration.folder, configuration.timezone)
    except EngineMissing as error:
        raise SystemExit(str(error)) from None
    serve(make_app(engine, configuration), ServiceSettings(name, configuration.host, configuration.port, "INFO"))


if __name__ == "__main__":
    main()
