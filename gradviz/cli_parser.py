"""What the commands have in common that are parsed: errors on one line, and the names of plots."""

from __future__ import annotations

import argparse
from typing import NoReturn

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
