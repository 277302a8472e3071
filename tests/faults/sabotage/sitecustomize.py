"""Makes the mistake that SABOTAGE names, in the modules of the services, as they are imported.

Each module that it was made in is said on standard error as `sabotage <name>: <module>`. A mistake
that can't be made, because what it replaces is gone, ends the process that imports the module.
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from tests.faults.sabotage import VARIABLE
from tests.faults.sabotage.mistakes import MISTAKES


class Saboteur(MetaPathFinder):
    """Finds what the other finders find, and has the mistake made once it is executed."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's spec where the mistake concerns it, else None."""
        if not fullname.startswith("services."):
            return None
        make = MISTAKES[self._name].get(fullname)
        if make is None:
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(fullname, path, target)):
                self._attach(make, spec)
                return spec
        return None

    def _attach(self, make: Callable[[ModuleType], None], spec: ModuleSpec) -> None:
        assert spec.loader is not None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            make(module)
            os.write(2, f"sabotage {self._name}: {module.__name__}\n".encode())

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]


sys.meta_path.insert(0, Saboteur(os.environ[VARIABLE]))
