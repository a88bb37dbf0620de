"""The recipe of a run: everything that defines it, in three frozen and validated parts.

Outside it is flat: the fields' names are the keys of the TOML file and of `--set`, and the rows of the form. What a
field means, its unit, its range and its group are said once, where it stands; the form, the help and the error texts
are made from it. Which fields there are depends on the architecture of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, SerializeAsAny, ValidationError
from pydantic.fields import FieldInfo

from gradviz.errors import ExperimentError
from gradviz.experiment.data import MAYBE_NUMBERS, NUMBERS, Data
from gradviz.experiment.fields import PART_CONFIG, FieldSpec, Part, RecipeField, fields_of
from gradviz.experiment.networks import DEFAULT_ARCHITECTURE, NETWORKS, Mlp, NetworkRecipe
from gradviz.experiment.training import Training

LONGEST_SHOWN = 60
# what people look for and there is none of, with the reason
_NO_AUGMENTATION = "there is none: samples are trained on as they are, so that each step can be repeated"
_ABSENT = {"augmentation": _NO_AUGMENTATION, "augment": _NO_AUGMENTATION}
PARTS: tuple[Part, ...] = ("network", "training", "data")


class Experiment(BaseModel):
    """One run, completely: its name, and the network, its training and its data.

    Made from flat values, `Experiment(depth=5, data="moons")`, or from whole parts, `Experiment(network=Mlp(depth=5))`.
    Raises ExperimentError with one line for each mistake, naming the field, the value and what is allowed.
    """

    model_config = PART_CONFIG

    title: Annotated[
        str,
        Field(description="Name of the experiment, shown above the plots", max_length=80),
        FieldSpec("Title", "Data", ""),
    ] = ""
    notes: Annotated[
        str, Field(description="What there is to see, in words", max_length=2000), FieldSpec("Notes", "Data", "")
    ] = ""
    network: SerializeAsAny[NetworkRecipe] = Mlp()
    training: Training = Training()
    data: Data = Data()

    def __init__(self, /, **values: Any) -> None:
        parts, mistakes = _parts(_implied(values) | values)
        try:
            super().__init__(**parts)
        except ValidationError as error:
            mistakes = [*_explained(error, fields()), *mistakes]
        if mistakes:
            raise ExperimentError("\n".join(mistakes))
        parts_agree = (
            self.data.conflict(),
            self.training.conflict(),
            self.network.conflict(self.training.batch_size),
            self._conflict(),
        )
        if conflict := next(filter(None, parts_agree), ""):
            raise ExperimentError(conflict)

    @property
    def regression(self) -> bool:
        """Whether a number is predicted, not a class."""
        return self.training.loss == "mse" and self.data.source in MAYBE_NUMBERS

    def inapplicable(self) -> dict[str, str]:
        """Return the fields that have no effect given those of another part, each with the reason in words."""
        return {"label_noise": "for classes only"} if self.regression else {}

    def _conflict(self) -> str:
        if self.data.source in NUMBERS and self.training.loss != "mse":
            return (
                f"loss: {self.training.loss!r} is not allowed with data = {self.data.source!r}, whose target is a "
                "number; allowed: mse"
            )
        return ""

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Validate `values` (flat field name to value). Raises ExperimentError with one line for each mistake."""
        if strange := [key for key in values if not isinstance(key, str)]:
            raise ExperimentError("\n".join(_no_such_field(key, fields()) for key in strange))
        return cls(**values)

    def flat(self) -> dict[str, Any]:
        """Return the value of every field under its flat name, in the order of the recipe."""
        return {name: self.value(name) for name in fields(self.network.architecture)}

    def changes(self) -> dict[str, Any]:
        """Return what of `flat` differs from the default."""
        known = fields(self.network.architecture)
        return {name: value for name, value in self.flat().items() if value != known[name].default}

    def value(self, name: str) -> Any:
        """Return the value of the field of that flat name. Raises KeyError for a field that there is not."""
        field = fields(self.network.architecture)[name]
        return getattr(getattr(self, field.part) if field.part else self, field.attribute)

    def changed(self, **values: Any) -> Self:
        """Return a copy with some flat fields changed, validated. Raises ExperimentError.

        Under another architecture what is not at its default stays, as far as the new one has it and allows it.
        """
        kept = self.flat()
        wanted = values.get("architecture", self.network.architecture)
        if wanted != self.network.architecture and wanted in NETWORKS:
            kept = {name: value for name, value in self.changes().items() if _fits(name, value, wanted)}
        return self.parse(kept | self._loss_for(values) | values)

    def _loss_for(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the loss that comes with other data, where the present one cannot stay."""
        if values.get("data", self.data.source) not in NUMBERS and self.data.source in NUMBERS:
            return {"loss": "cross_entropy"}
        return _implied(values)


def _implied(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what follows from flat values without being said: numbers are learnt by their squared error."""
    return {"loss": "mse"} if values.get("data") in NUMBERS else {}


@cache
def fields(architecture: str = DEFAULT_ARCHITECTURE) -> Mapping[str, RecipeField]:
    """Return the fields of an experiment with a network of that architecture, by flat name, in order."""
    found = [
        *fields_of(Experiment, ""),
        _architecture_field(),
        *fields_of(NETWORKS[architecture], "network"),
        *fields_of(Training, "training"),
        *fields_of(Data, "data"),
    ]
    return {field.name: field for field in found}


def fields_asked_for(architecture: object) -> Mapping[str, RecipeField]:
    """Return the fields of what was given as an architecture; of the usual one where it is none, or not known."""
    known = isinstance(architecture, str) and architecture in NETWORKS
    return fields(str(architecture) if known else DEFAULT_ARCHITECTURE)


def field(name: str, architecture: str = DEFAULT_ARCHITECTURE) -> RecipeField:
    """Return the field of that flat name. Raises KeyError for one that there is not."""
    return fields(architecture)[name]


def choices(name: str, architecture: str = DEFAULT_ARCHITECTURE) -> tuple[str, ...]:
    """Return the words that a field may be; empty for numbers and free text."""
    return fields(architecture)[name].choices


def _architecture_field() -> RecipeField:
    info = FieldInfo(
        annotation=Literal[tuple(NETWORKS)],  # type: ignore[arg-type]
        default=DEFAULT_ARCHITECTURE,
        description="Kind of network",
    )
    return RecipeField("architecture", "network", "architecture", info, FieldSpec("Architecture", "Network", "ar"))


def _parts(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Sort flat values into validated parts; return them with the mistakes found, in the order of the recipe."""
    whole = {name: values[name] for name in PARTS if isinstance(values.get(name), BaseModel)}
    architecture = values.get("architecture", getattr(whole.get("network"), "architecture", DEFAULT_ARCHITECTURE))
    mistakes = []
    if not isinstance(architecture, str) or architecture not in NETWORKS:
        mistakes = [_not_allowed(_architecture_field(), architecture)]
        architecture = DEFAULT_ARCHITECTURE
    known = fields(architecture)
    sorted_values: dict[str, dict[str, Any]] = {part: {} for part in ("", *PARTS)}
    unknown = []
    for name, value in values.items():
        if name in whole or name == "architecture":
            continue
        if name in known:
            sorted_values[known[name].part][known[name].name] = value
        else:
            unknown.append(_no_such_field(name, known))
    parts = sorted_values[""] | whole
    models: dict[str, type[BaseModel]] = {"network": NETWORKS[architecture], "training": Training, "data": Data}
    for part, model in models.items():
        if part in whole and not sorted_values[part]:
            continue
        given = whole[part].model_dump(by_alias=True) if part in whole else {}
        try:
            parts[part] = model.model_validate(given | sorted_values[part])
        except ValidationError as error:
            mistakes += _explained(error, known)
    return parts, mistakes + unknown


def _fits(name: str, value: Any, architecture: str) -> bool:
    if name not in fields(architecture) or name == "architecture":
        return False
    return not _parts({"architecture": architecture, name: value})[1]


def _explained(error: ValidationError, known: Mapping[str, RecipeField]) -> list[str]:
    return [
        _not_allowed(known[str(mistake["loc"][0])], mistake["input"]) for mistake in error.errors(include_url=False)
    ]


def _not_allowed(field: RecipeField, value: object) -> str:
    listed = (isinstance(value, list | tuple) and len(value) > 1) or (isinstance(value, str) and value.startswith("["))
    why = "; one for all, because the hidden layers are one tensor" if field.name == "width" and listed else ""
    return f"{field.name}: {_shown(value)} is not allowed; allowed: {field.allowed}{why}"


def _no_such_field(key: object, known: Mapping[str, RecipeField]) -> str:
    if isinstance(key, str) and key in _ABSENT:
        return f"{key}: {_ABSENT[key]}"
    named = isinstance(key, str) and key.isidentifier() and len(key) <= LONGEST_SHOWN
    alike = get_close_matches(key, known, n=1) if named and isinstance(key, str) else []
    guess = f"; did you mean {alike[0]}?" if alike else ""
    return f"{key if named else _shown(key)}: there is no such field{guess}; the fields are {', '.join(known)}"


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python writes out no number of thousands of digits, no nesting without end
        text = f"a whole number of {value.bit_length():,} bits" if isinstance(value, int) else "something very long"
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."
