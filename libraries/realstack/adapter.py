"""Variable file: the adapter of the platform under test as `${ADAPTER}`.

```robotframework
Variables    realstack.adapter    ${CURDIR}/adapters    ${PLATFORM}
Resource     ${ADAPTER.resource}
```
"""

from __future__ import annotations

from pathlib import Path

from realstack.browser import description
from realstack.core.errors import StackError
from realstack.platform.adapter import Adapter, find


def get_variables(folder: str, platform: str, default: str = "reference") -> dict[str, Adapter]:
    """The adapter that a run asks for; one that can't be had stands in for itself until the platform is started.

    An error while variables are imported would only be logged; raised by the keyword that starts the platform, it stops the run.

    Args:
        folder: Where the adapters are, a folder each.
        platform: Name of one of them, or the path of another; `name/driver` for another driver than its own.
        default: The adapter of which a driver's name alone is a driver.
    """
    try:
        adapter = find(platform, Path(folder), default=default)
        if not adapter.pageless:
            description.load(adapter.page, description.known_elements(Path(folder)))
    except StackError as error:
        return {"ADAPTER": Adapter(Path(folder) / default, Path(folder) / default / "platform.yaml", problem=str(error))}
    return {"ADAPTER": adapter}
