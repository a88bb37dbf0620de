"""The parser of every command, and arguments that several of them take."""

from __future__ import annotations

import argparse
from typing import NoReturn

BAD_ARGUMENTS = 2
PLOTS = ("heatmap", "profile", "curves", "validation", "board")
# what 0.1.0 called them
FORMER_PLOTS = {"held-out": "validation"}


class OneLineParser(argparse.ArgumentParser):
    """Reports an error on one line, without the usage block."""

    def error(self, message: str) -> NoReturn:
        """Print the error and leave with status 2."""
        self.exit(BAD_ARGUMENTS, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser_of(command: str, description: str) -> OneLineParser:
    """Return the parser of one command."""
    return OneLineParser(prog=f"gradviz {command}", description=description, allow_abbrev=False)


def whole_number(parser: OneLineParser, name: str, text: str | None) -> int | None:
    """Return the number that `text`, given as argument `name`, is; None for none. Ends the program for anything else."""
    try:
        return int(text) if text is not None else None
    except ValueError:
        parser.error(f"{name}: {text!r} is not a whole number")


def plot_named(name: str) -> str:
    """Return what the plot `name` is called today."""
    return FORMER_PLOTS.get(name, name)
