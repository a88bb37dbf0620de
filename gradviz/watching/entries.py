"""What a script logs, checked: nothing that it can be given ends the watching."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

Entry = float | Tensor

SHARES = ("accuracy", "validation_accuracy")


class EntryCheck:
    """Makes numbers of what is logged; what is none is left out, and said once through `warn`."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._told: set[str] = set()
        # how many numbers the loss was given as, once it was given as several
        self.loss_numbers = 0

    def __call__(self, values: Mapping[str, object]) -> dict[str, Entry]:
        """Return the number under each name; a tensor that would have to be waited for stays one."""
        found = {}
        for name, value in values.items():
            if value is not None and (entry := self._entry(name, value)) is not None:
                found[name] = entry
        return found

    def tell(self, what: str, message: str) -> None:
        """Warn once of each thing."""
        if what not in self._told:
            self._told.add(what)
            self._warn(message)

    def _entry(self, name: str, value: object) -> Entry | None:
        try:
            entry = self._from_tensor(name, value) if isinstance(value, Tensor) else self._from_other(name, value)
        except Exception as error:
            # a tensor of some kind of its own may refuse anything
            self._refuse(name, f"{type(value).__name__} ({error})")
            return None
        if name in SHARES and isinstance(entry, float) and (entry < 0 or entry > 1):
            self.tell(name, f"log({name}={entry:g}): a share between 0 and 1 is wanted, such as 0.93; it is left out")
            return None
        return entry

    def _from_tensor(self, name: str, value: Tensor) -> Entry | None:
        value = value.detach()
        if value.is_complex() or not value.numel() or value.is_meta:
            self._refuse(name, f"a tensor of shape {tuple(value.shape)} and type {value.dtype}")
            return None
        if value.numel() > 1:
            if name != "loss":
                self._refuse(name, f"a tensor of shape {tuple(value.shape)}")
                return None
            self.loss_numbers = value.numel()
            self.tell(
                "loss",
                f"log(loss=...) was given {value.numel()} numbers, shape {tuple(value.shape)}; their mean is recorded",
            )
            value = value.float().mean()
        if value.device.type == "cpu":
            # nothing to wait for, and a number costs less than a copy
            return float(value.item())
        # a copy, because the script may go on adding to it
        return value.reshape(()).clone()

    def _from_other(self, name: str, value: object) -> float | None:
        if not isinstance(value, str):
            try:
                return float(value)  # type: ignore[arg-type]
            except (TypeError, ValueError, OverflowError):
                pass
        self._refuse(name, f"{type(value).__name__}")
        return None

    def _refuse(self, name: str, given: str) -> None:
        self.tell(name, f"log({name}=...) takes one number, not {given}; it is left out")
