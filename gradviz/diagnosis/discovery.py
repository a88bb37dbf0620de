"""Finding the modules of a package, so that a new file needs no second place that names it."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType


def modules_in(package: str, path: Iterable[str]) -> list[ModuleType]:
    """Return the modules of `package`, whose `__path__` is given, in the order of their names.

    Raises ImportError if there are none: a program that was packed without them must not call every run healthy.
    """
    names = sorted(each.name for each in pkgutil.iter_modules(path))
    if not names:
        raise ImportError(f"{package} has no modules")
    return [import_module(f"{package}.{name}") for name in names]
