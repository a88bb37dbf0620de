"""The rows of a network in groups: neighbours of one block, or whose names begin alike.

`encoder.layers.0.linear1` and `encoder.layers.0.linear2` are of the group `encoder.layers.0`, that of `encoder.layers`
and that of `encoder`. Rows are in the order of execution, so a block that is left and entered again makes two groups of
the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from gradviz.experiment import Row

# share of the grouped rows that have to lie in groups of enough room before finer groups are worth showing
SHARE_WITH_ROOM = 0.9


@dataclass(frozen=True, slots=True)
class Group:
    """The rows from `first` to `last`, counted from 1, that all belong to `name`."""

    name: str
    first: int
    last: int

    @property
    def layers(self) -> int:
        """How many they are."""
        return self.last - self.first + 1


def owners_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return what each row belongs to: its block, or the module around it by its name; empty for neither.

    A module that others are part of belongs to them: `encoder.layers.0` itself is of the group of that name.
    """
    whole = {row.name.rpartition(".")[0] for row in rows}
    return tuple(row.group or (row.name if row.name in whole else row.name.rpartition(".")[0]) for row in rows)


def groups_at(owners: Sequence[str], depth: int) -> list[Group]:
    """Return the groups of the first `depth` parts of the owners; rows of the network itself are in none."""
    shortened_owners = [".".join(owner.split(".")[:depth]) for owner in owners]
    groups = []
    for owner, run in groupby(range(1, len(owners) + 1), key=lambda row: shortened_owners[row - 1]):
        layers = list(run)
        if owner:
            groups.append(Group(owner, layers[0], layers[-1]))
    return groups


def shortened(name: str, fits: Callable[[str], bool]) -> str:
    """Return as many of the last parts of a module's name as fit, with an ellipsis for those left out.

    What is left when not even the last part fits is for the caller to cut.
    """
    parts = name.split(".")
    for left_out in range(len(parts)):
        shown = "…" * bool(left_out) + ".".join(parts[left_out:])
        if fits(shown):
            return shown
    return parts[-1]


def suited_groups(owners: Sequence[str], fewest_layers: float) -> list[Group]:
    """Return the finest groups of which nearly all have `fewest_layers` layers or more; else the coarsest there are."""
    deepest = max((owner.count(".") + 1 for owner in owners if owner), default=0)
    best = groups_at(owners, 1)
    for depth in range(2, deepest + 1):
        finer = groups_at(owners, depth)
        with_room = sum(group.layers for group in finer if group.layers >= fewest_layers)
        if with_room < SHARE_WITH_ROOM * sum(group.layers for group in finer):
            break
        best = finer
    return best
