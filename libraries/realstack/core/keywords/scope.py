"""Which test or suite is running: the owner of what a keyword opens, and where a run leaves its files."""

from __future__ import annotations

from pathlib import Path

from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError


def current_owner() -> str:
    """Full name of the running test, of the suite while no test runs, empty outside of Robot."""
    try:
        suite = BuiltIn().get_variable_value("${SUITE NAME}")
        test = BuiltIn().get_variable_value("${TEST NAME}")
    except RobotNotRunningError:
        return ""
    return f"{suite}.{test}" if test is not None else str(suite)


def output_folder() -> Path | None:
    """Where the run leaves its files; None outside of Robot, and of a run that leaves none."""
    try:
        folder = BuiltIn().get_variable_value("${OUTPUT DIR}")
    except RobotNotRunningError:
        return None
    return None if folder is None or str(folder).upper() == "NONE" else Path(folder)
