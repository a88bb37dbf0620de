"""What a field of the recipe is, said once where it stands; form, help, code and error texts are made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

Group = Literal["Network", "Initialisation", "Training", "Data"]
Part = Literal["", "network", "training", "data"]
# the three things that the program is about: what a person changes first, in whatever architecture
Role = Literal["", "depth", "activation", "shortcut"]

PART_CONFIG = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_by_name=True)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What the form, the help and the short code need to know of a field beside its pydantic constraints.

    `code` is the field's key in the short text code and never changes; `zero_means` is the meaning of the value 0
    where 0 is a word rather than a number, `empty_means` that of an empty text; `logarithmic` asks for a slider with a
    logarithmic feel. A field with a `role` gets a large control above all others.
    """

    label: str
    group: Group
    code: str
    unit: str = ""
    zero_means: str = ""
    empty_means: str = ""
    logarithmic: bool = False
    role: Role = ""


@dataclass(frozen=True, slots=True)
class RecipeField:
    """One field of the recipe under the flat `name` that TOML files, `--set` and the form know it by.

    It is the `attribute` of the recipe's `part`; the part "" is the experiment itself.
    """

    name: str
    part: Part
    attribute: str
    info: FieldInfo
    spec: FieldSpec

    @property
    def label(self) -> str:
        """What the field is called on the form."""
        return self.spec.label

    @property
    def group(self) -> Group:
        """The heading that the field stands under."""
        return self.spec.group

    @property
    def code(self) -> str:
        """The field's key in the short text code; empty for one that no code carries."""
        return self.spec.code

    @property
    def unit(self) -> str:
        """What the number counts; empty for a bare number."""
        return self.spec.unit

    @property
    def default(self) -> Any:
        """The value that the field has unless it is given."""
        return self.info.default

    @property
    def description(self) -> str:
        """What the field means, as one sentence without its full stop."""
        return self.info.description or ""

    @property
    def kind(self) -> type:
        """The type of the field's values: int, float, bool or str."""
        return type(self.default)

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that the field may be; empty for numbers and free text."""
        annotation = self.info.annotation
        return getattr(annotation, "__args__", ()) if getattr(annotation, "__origin__", None) is Literal else ()

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """The smallest and the largest value; an open bound counts as the bound."""
        low = high = None
        for item in self.info.metadata:
            low = getattr(item, "ge", getattr(item, "gt", low))
            high = getattr(item, "le", getattr(item, "lt", high))
        return low, high

    @property
    def open_below(self) -> bool:
        """Whether the smallest value is itself not allowed."""
        return any(getattr(item, "gt", None) is not None for item in self.info.metadata)

    @property
    def open_above(self) -> bool:
        """Whether the largest value is itself not allowed."""
        return any(getattr(item, "lt", None) is not None for item in self.info.metadata)

    @property
    def longest(self) -> int:
        """The most characters that free text may have."""
        return next(int(item.max_length) for item in self.info.metadata if hasattr(item, "max_length"))

    @property
    def allowed(self) -> str:
        """What the field may be, in words."""
        if self.name == "device":
            return "auto, cpu, cuda, cuda:N or mps"
        if self.choices:
            return ", ".join(self.choices)
        if self.kind is bool:
            return "true or false"
        if self.kind is str:
            return f"text of at most {self.longest:,} characters"
        low, high = self.limits
        number = "a whole number" if self.kind is int else "a number"
        return f"{number} from {'above ' * self.open_below}{low} to {'below ' * self.open_above}{high}"


def fields_of(model: type[BaseModel], part: Part) -> Iterator[RecipeField]:
    """Yield the fields of one part of the recipe, in its order; what has no `FieldSpec` is a part itself."""
    for attribute, info in model.model_fields.items():
        spec = next((item for item in info.metadata if isinstance(item, FieldSpec)), None)
        if spec is not None:
            yield RecipeField(info.alias or attribute, part, attribute, info, spec)
