"""One mechanism of the services switched off, so that the fault suite can be seen to notice.

The services hold no switch. The suite puts this directory on the PYTHONPATH of the processes it
starts; Python then imports `sitecustomize` from it, which makes the mistake that SABOTAGE names.
"""

import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "SABOTAGE"
_DIRECTORY = Path(__file__).resolve().parent
_REPOSITORY = _DIRECTORY.parents[2]


def switched_off(name: str, environment: Mapping[str, str]) -> dict[str, str]:
    """This environment, for processes that make the mistake of this name."""
    path = (str(_DIRECTORY), str(_REPOSITORY), environment.get("PYTHONPATH", ""))
    return {
        **environment,
        VARIABLE: name,
        "PYTHONPATH": os.pathsep.join(part for part in path if part),
    }
