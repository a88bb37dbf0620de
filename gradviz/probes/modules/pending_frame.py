"""What was measured in one step, still on the device, and how it becomes a frame once it is on the host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gradviz.probes.modules.layers import Layer
from gradviz.probes.modules.outputs import Seen
from gradviz.recording.frame import Frame, Quantity

Indices = NDArray[np.int64]
Values = NDArray[np.float64]
Row = tuple[Values, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Numbers of one kind: `values` [n] on a device; `of` [n] says of which parameters, or rows, they are.

    `counts` [n]: over how many numbers of the network each was taken, where that matters.
    """

    kind: str
    values: Tensor
    of: Indices
    counts: Values | None = None


@dataclass(slots=True, eq=False)
class Draft:
    """A frame to be. `stepped` are the optimisers, by identity, that have made their step."""

    step: int
    thorough: bool
    measured: bool
    pieces: list[Piece] = field(default_factory=list)
    scalars: dict[str, float | Tensor] = field(default_factory=dict)
    stepped: set[int] = field(default_factory=set)
    skipped: bool = False
    grad_factor: float = 1.0

    def add(self, kind: str, values: Tensor, of: Indices, counts: Values | None = None) -> None:
        """Take numbers that stay on their device for now."""
        if len(of):
            self.pieces.append(Piece(kind, values, of, counts))

    def gathered(self, device: torch.device) -> Tensor:
        """Return everything in one vector on `device`, in the order of `pieces` and then of the scalars."""
        wide = torch.float32 if device.type == "mps" else torch.float64
        tensors = [piece.values for piece in self.pieces] + [
            scalar.reshape(1) for scalar in self.scalars.values() if isinstance(scalar, Tensor)
        ]
        if not tensors:
            return torch.empty(0, dtype=wide)
        if len(tensors) == 1:
            return tensors[0].to(device, wide)
        return torch.cat([tensor.to(device, wide) for tensor in tensors])

    def set_activations(self, seen: Mapping[nn.Module, Seen], rows: Mapping[nn.Module, int]) -> None:
        """Take what modules put out, in place of what was taken before."""
        kinds = ("mean", "length", "output_grad")
        self.pieces = [piece for piece in self.pieces if piece.kind not in kinds]
        found = [(rows[module], one) for module, one in seen.items() if module in rows]
        for kind, tensors, counts in (
            ("mean", [one.means for _, one in found], [one.counts for _, one in found]),
            ("length", [one.lengths for _, one in found], [one.counts for _, one in found]),
            ("output_grad", [one.grad_norms for _, one in found], [one.grad_counts for _, one in found]),
        ):
            of = np.repeat(np.array([row for row, _ in found], np.int64), [len(part) for part in counts])
            flat = [tensor for part in tensors for tensor in part]
            if flat:
                device = flat[0].device
                values = torch.stack([tensor.to(device) for tensor in flat])
                self.add(kind, values, of, np.array([count for part in counts for count in part], np.float64))


class FrameMaker:
    """Turns drafts into frames: from parameters to rows, and into the scale of each quantity.

    `uses` holds, per row and weight in it, the index of that weight among all of them; `sizes` how many numbers it has.
    """

    def __init__(
        self, layers: Sequence[Layer], quantities: Iterable[Quantity], uses: Sequence[Sequence[int]], sizes: Values
    ) -> None:
        self._layers = len(layers)
        self._quantities = {quantity.name: quantity for quantity in quantities}
        self._rows = np.repeat(np.arange(self._layers), [len(use) for use in uses])
        self._weights = np.array([index for use in uses for index in use], np.int64)
        self._sizes = sizes
        # the usual case: one weight a row, and every weight in some row
        self._simple = bool((np.bincount(self._rows, minlength=1) <= 1).all())
        self._everything = np.ones(len(sizes), bool)
        self._with_weights = np.zeros(self._layers, bool)
        self._with_weights[self._rows] = True

    def frame(self, draft: Draft, host: Values) -> Frame:
        """Return the frame of `draft`, whose gathered vector has arrived as `host`."""
        position = 0
        arrived: dict[str, list[tuple[Piece, Values]]] = {}
        for piece in draft.pieces:
            end = position + len(piece.of)
            arrived.setdefault(piece.kind, []).append((piece, host[position:end]))
            position = end
        rest = iter(host[position:])
        scalars = {
            name: float(next(rest)) if isinstance(scalar, Tensor) else scalar for name, scalar in draft.scalars.items()
        }
        with np.errstate(all="ignore"):
            rows = self._rows_by_quantity(arrived, draft.grad_factor)
            in_scale = {name: self._in_scale(name, values) for name, (values, _) in rows.items()}
        return Frame(
            step=draft.step,
            loss=scalars.get("loss", np.nan),
            batch_accuracy=scalars.get("accuracy", np.nan),
            learning_rate=scalars.get("learning_rate", np.nan),
            rows=in_scale,
            measured={name: measured for name, (_, measured) in rows.items() if not measured.all()},
            skipped=draft.skipped or any(value > 0 for name, value in scalars.items() if name.startswith("overflow")),
        )

    def _rows_by_quantity(
        self, arrived: Mapping[str, list[tuple[Piece, Values]]], grad_factor: float
    ) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        for kind, name in (("gradient", "weight_grad_norm"), ("weight", "weight_norm")):
            if kind in arrived:
                rows[name] = self._lengths(*self._of_parameters(arrived[kind]))
        if "step" in arrived:
            step, measured = self._lengths(*self._of_parameters(arrived["step"]))
            moved, _ = self._lengths(*self._of_parameters(arrived["moved"]))
            rows["update_ratio"] = np.where(step > 0, step / moved, step), measured
            same, known = self._of_parameters(arrived["same"])
            kept = self._sums(same * known) / self._sums(self._sizes * known)
            rows["unchanged_fraction"] = kept, measured
        if "mean" in arrived:
            rows |= self._activations(arrived, grad_factor)
        return {name: row for name, row in rows.items() if name in self._quantities}

    def _of_parameters(self, parts: list[tuple[Piece, Values]]) -> tuple[Values, NDArray[np.bool_]]:
        """Return the value of every weight of the network, and whether it has one."""
        if len(parts) == 1 and len(parts[0][1]) == len(self._sizes):
            [(piece, numbers)] = parts
            values = np.empty(len(self._sizes))
            values[piece.of] = numbers
            return values, self._everything
        values = np.zeros(len(self._sizes))
        known = np.zeros(len(self._sizes), bool)
        for piece, numbers in parts:
            values[piece.of] = numbers
            known[piece.of] = True
        return values, known

    def _lengths(self, norms: Values, known: NDArray[np.bool_]) -> Row:
        """Return the length of all weights of a row together, from that of each that is `known`."""
        if self._simple and known is self._everything:
            result = np.zeros(self._layers)
            result[self._rows] = norms[self._weights]
            return result, self._with_weights
        used = known[self._weights]
        return _joint_lengths(norms[self._weights[used]], self._rows[used], self._layers)

    def _sums(self, values: Values) -> Values:
        return np.bincount(self._rows, values[self._weights], self._layers).astype(np.float64)

    def _activations(self, arrived: Mapping[str, list[tuple[Piece, Values]]], grad_factor: float) -> dict[str, Row]:
        layers = self._layers
        [(piece, means)], [(_, lengths)] = arrived["mean"], arrived["length"]
        assert piece.counts is not None
        counts = np.bincount(piece.of, piece.counts, layers)
        mean = np.bincount(piece.of, piece.counts * means, layers) / counts
        # within each call, and between the calls
        apart = np.sqrt(piece.counts) * np.abs(means - mean[piece.of])
        length, measured = _joint_lengths(np.hypot(lengths, apart), piece.of, layers)
        rows = {"activation_mean": (mean, measured), "activation_std": (length / np.sqrt(counts), measured)}
        if "output_grad" in arrived:
            [(piece, norms)] = arrived["output_grad"]
            assert piece.counts is not None
            length, measured = _joint_lengths(norms, piece.of, layers)
            rms = length / np.sqrt(np.bincount(piece.of, piece.counts, layers)) * grad_factor
            rows["activation_grad_rms"] = rms, measured
        return rows

    def _in_scale(self, name: str, values: Values) -> NDArray[np.float32]:
        # the log10 of an exact zero is minus infinity, as it should be
        return (values if self._quantities[name].scale == "linear" else np.log10(values)).astype(np.float32)


def _joint_lengths(norms: Values, rows: Indices, layers: int) -> Row:
    """Return per row the length of all vectors in it together, whose lengths are `norms`; and which rows have any."""
    measured = np.zeros(layers, bool)
    measured[rows] = True
    result = np.zeros(layers)
    if measured.sum() == len(rows):
        result[rows] = norms
        return result, measured
    # the squares of very small and very large numbers would leave the range
    np.maximum.at(result, rows, norms)
    largest = np.where((result > 0) & np.isfinite(result), result, 1.0)
    return np.sqrt(np.bincount(rows, np.square(norms / largest[rows]), layers)) * largest, measured
