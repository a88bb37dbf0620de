"""gradviz: see why deep networks stop learning."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradviz.watching.recorder import Recorder
    from gradviz.watching.watch import watch

__version__ = "0.2.0"
__all__ = ["Recorder", "__version__", "watch"]


def __getattr__(name: str) -> Any:
    """Import what needs torch on first use: the window appears before torch is loaded."""
    if name == "watch":
        from gradviz.watching.watch import watch

        return watch
    if name == "Recorder":
        from gradviz.watching.recorder import Recorder

        return Recorder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
