"""Which test or suite is running: the owner of what a keyword opens."""

from __future__ import annotations

from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError


def current_owner() -> str:
    """Full name of the running test, of the suite while no test runs, empty outside of Robot."""
    try:
        suite = BuiltIn().get_variable_value("${SUITE NAME}")
        test = BuiltIn().get_variable_value("${TEST NAME}")
    except RobotNotRunningError:
        return ""
    return f"{suite}.{test}" if test is not None else str(suite)
