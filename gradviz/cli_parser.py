"""What the commands have in common that are parsed: errors on one line, and the names of plots."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from gradviz.errors import ExperimentError

if TYPE_CHECKING:
    from gradviz.experiment import Experiment

BAD_ARGUMENTS = 2
PLOTS = ("heatmap", "profile", "curves", "validation", "predictions", "mistakes", "board")
# what 0.1.0 called them
FORMER_PLOTS = {"held-out": "validation"}


class OneLineParser(argparse.ArgumentParser):
    """Reports an error on one line, without the usage block."""

    def error(self, message: str) -> NoReturn:
        """End the program with `message`; called by argparse."""
        self.exit(BAD_ARGUMENTS, f"{self.prog}: {message} (see {self.prog} --help)\n")


def command_parser(command: str, description: str) -> OneLineParser:
    """Return the parser of `gradviz command`."""
    return OneLineParser(prog=f"gradviz {command}", description=description, allow_abbrev=False)


def plot_name(name: str) -> str:
    """Return what a plot is called today."""
    return FORMER_PLOTS.get(name, name)


def whole_number(parser: OneLineParser, name: str, text: str | None) -> int | None:
    """Return the whole number that was given for the option `name`; None for none. Ends the program for others."""
    try:
        return int(text) if text is not None else None
    except ValueError:
        parser.error(f"{name}: {text!r} is not a whole number")


def add_recipe(parser: argparse.ArgumentParser, file: str = "an experiment (TOML or JSON)") -> None:
    """Add the arguments that name an experiment."""
    parser.add_argument("file", nargs="?", metavar="FILE", help=file)
    parser.add_argument("--preset", metavar="NAME", help="a preset (see gradviz presets)")
    parser.add_argument("--code", metavar="CODE", help="the short code of an experiment")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change one field (see gradviz fields); repeatable",
    )


def recipe(options: argparse.Namespace) -> Experiment | None:
    """Return the experiment that the arguments name, None if they name none. Raises ExperimentError."""
    from pathlib import Path

    from gradviz.experiment import Experiment, from_code, load_preset, read, with_settings

    sources: dict[str, Callable[[str], Experiment]] = {
        "file": lambda name: read(Path(name)),
        "preset": load_preset,
        "code": from_code,
    }
    named = {name: getattr(options, name) for name in sources if getattr(options, name) is not None}
    if len(named) > 1:
        raise ExperimentError(f"{' and '.join(named)} each name an experiment; give only one")
    if not named and not options.set:
        return None
    experiment = Experiment()
    for name, value in named.items():
        experiment = sources[name](value)
    return with_settings(experiment, options.set)
