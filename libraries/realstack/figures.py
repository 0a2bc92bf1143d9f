"""Variable file: the figures of a profile as `${FIGURES}`.

```robotframework
Variables    realstack.figures    ${CURDIR}/profiles    ${PROFILE}
Variables    realstack.figures    ${CURDIR}/profiles    fast or patient
```

The second one takes `patient` where the machine is too slow for `fast`, which is found out once a run.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from realstack.core.errors import StackError
from realstack.core.figures import Figures, UnknownProfile, choose


def get_variables(
    folder: str, profile: str = "fast", soak_duration: str = "", changes: Mapping[str, object] | None = None
) -> dict[str, Figures | UnknownProfile]:
    """The figures of a profile, such as `${FIGURES.outage}`; durations are timedeltas.

    Args:
        folder: Where the profiles are.
        profile: Name of a file in it, without `.yaml`; or two of them, `fast or patient`, the second for slow machines.
        soak_duration: How long the soak's load lasts, when not as long as the profile says.
        changes: Figures that are others on the platform under test.
    """
    try:
        soak = {"load_duration": soak_duration} if soak_duration else {}
        return {"FIGURES": _choose(profile, folder).with_changes({**(changes or {}), **soak})}
    except StackError as error:
        return {"FIGURES": UnknownProfile(str(error))}


@functools.cache
def _choose(profile: str, folder: str) -> Figures:
    """Every suite of a run asks, and all of them are to have the same figures."""
    return choose(profile, Path(folder))
