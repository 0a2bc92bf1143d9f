"""Variable file: the figures of a profile as `${FIGURES}`.

```robotframework
Variables    ../libraries/figures.py    ${PROFILE}
```
"""

from __future__ import annotations

from realstack.errors import StackError
from realstack.profile import Figures, UnknownProfile, load


def get_variables(profile: str = "fast", soak_duration: str = "") -> dict[str, Figures | UnknownProfile]:
    """The figures of a profile, such as `${FIGURES.outage}`; durations are timedeltas.

    Args:
        profile: Name of a file in resources/profiles/.
        soak_duration: How long the soak's load lasts, when not as long as the profile says.
    """
    try:
        figures = load(profile)
        return {"FIGURES": figures.with_changes({"load_duration": soak_duration}) if soak_duration else figures}
    except StackError as error:
        return {"FIGURES": UnknownProfile(str(error))}
