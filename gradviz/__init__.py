"""gradviz: see why deep networks stop learning."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradviz.diagnosis.check import check
    from gradviz.watching.alarm import TrainingStopped
    from gradviz.watching.recorder import Recorder
    from gradviz.watching.watch import watch

__version__ = "0.2.0"
__all__ = ["Recorder", "TrainingStopped", "__version__", "check", "watch"]

_MODULES = {
    "Recorder": "gradviz.watching.recorder",
    "TrainingStopped": "gradviz.watching.alarm",
    "check": "gradviz.diagnosis.check",
    "watch": "gradviz.watching.watch",
}


def __getattr__(name: str) -> Any:
    """Import a name on first use: the window appears before torch is loaded."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
