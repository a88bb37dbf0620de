"""Finds presets, help, data, icons and licences."""

from pathlib import Path

_INSTALLED = Path(__file__).parent / "_resources"
_CHECKOUT = Path(__file__).parent.parent / "resources"


def resource_path(name: str) -> Path:
    """Return the path of the resource `name`, such as `data/digits.npz`, in a wheel, a bundle or a checkout.

    Raises FileNotFoundError if the installation lacks it.
    """
    for root in (_INSTALLED, _CHECKOUT):
        path = root / name
        if path.exists():
            return path
    raise FileNotFoundError(f"the resource {name!r} is missing from this installation; install gradviz again")
