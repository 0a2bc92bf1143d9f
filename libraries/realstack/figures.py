"""Variable file: the figures of a profile as `${FIGURES}`.

```robotframework
Variables    realstack.figures    ${CURDIR}/profiles    ${PROFILE}
```
"""

from __future__ import annotations

from pathlib import Path

from realstack.core.errors import StackError
from realstack.core.figures import Figures, UnknownProfile, load


def get_variables(folder: str, profile: str = "fast", soak_duration: str = "") -> dict[str, Figures | UnknownProfile]:
    """The figures of a profile, such as `${FIGURES.outage}`; durations are timedeltas.

    Args:
        folder: Where the profiles are.
        profile: Name of a file in it, without `.yaml`.
        soak_duration: How long the soak's load lasts, when not as long as the profile says.
    """
    try:
        figures = load(profile, Path(folder))
        return {"FIGURES": figures.with_changes({"load_duration": soak_duration}) if soak_duration else figures}
    except StackError as error:
        return {"FIGURES": UnknownProfile(str(error))}
