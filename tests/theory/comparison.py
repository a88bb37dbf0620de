"""Theory beside measurement, configuration by configuration; `python tests/theory/comparison.py` prints the table."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from networks import LEAKY_SLOPE, Draws, log10_profiles

from gradviz.experiment import Experiment
from gradviz.theory.prediction import Prediction, predict

DEPTH, WIDTH, SEEDS = 50, 512, (0, 1, 2, 3)
BATCH = 16
# networks measured together: more would need more memory, and gain nothing
AT_ONCE = 8
# a decomposition for every orthogonal matrix costs too much at 512
WIDTHS = {"gaussian": WIDTH, "gates": WIDTH, "orthogonal": WIDTH // 2}
# decades of the mean square over 50 layers
TOLERANCE = 0.15

# (activation, shortcut, sigma_w^2, sigma_b^2)
REFERENCE = [
    ("tanh", "none", 1.0, 0.0),
    ("tanh", "none", 1 / 3, 1 / 3),
    ("tanh", "none", 2.5, 0.05),
    ("relu", "none", 2.0, 0.0),
    ("relu", "none", 1 / 3, 1 / 3),
    ("sigmoid", "none", 1.0, 0.0),
    ("sigmoid", "none", 16.0, 0.0),
    ("tanh", "identity", 1.0, 0.0),
    ("sigmoid", "identity", 1.0, 0.0),
    ("relu", "identity", 1.0, 0.0),
]
OTHERS = [
    *((name, "none", 1.0, 0.1) for name in ("relu", "leaky_relu", "elu", "gelu", "silu", "selu", "softplus", "mish")),
    ("leaky_relu", "none", 2.0, 0.0),
    ("prelu", "none", 2.0, 0.0),
    ("elu", "none", 2.0, 0.0),
    ("gelu", "none", 3.0, 0.2),
    ("silu", "none", 1.5, 0.0),
    *((name, "identity", 1.0, 0.0) for name in ("leaky_relu", "elu", "gelu", "silu", "selu", "softplus", "mish")),
    *((name, "identity", 0.3, 1.0) for name in ("tanh", "relu", "silu")),
    *(
        (name, "pre_activation", *variances)
        for name in ("tanh", "sigmoid", "relu", "leaky_relu", "elu", "gelu", "silu")
        for variances in ((1.0, 0.0), (2.0, 0.1))
    ),
]


def experiment(activation: str, shortcut: str, sigma_w2: float, sigma_b2: float, **changes: object) -> Experiment:
    return Experiment.parse(
        {
            "activation": activation, "shortcut": shortcut, "leaky_slope": LEAKY_SLOPE, "initialization": "gaussian",
            "sigma_w": math.sqrt(sigma_w2), "sigma_b": math.sqrt(sigma_b2), "depth": DEPTH, "width": WIDTH,
            "batch_size": BATCH,
        }
        | changes
    )  # fmt: skip


# what the textbooks' simple form does not cover
BEYOND: dict[str, list[dict[str, object]]] = {
    "gaussian": [
        *(
            {"activation": name, "shortcut": shortcut, "shortcut_span": span}
            for name, shortcut, span in (
                ("tanh", "identity", 2), ("relu", "identity", 3), ("silu", "pre_activation", 2), ("relu", "scaled", 2),
                ("softplus", "scaled", 1), ("gelu", "scaled", 4),
            )
        ),
        *(
            {"activation": name, "shortcut": shortcut, "normalization": kind}
            for name, shortcut, kind in (
                ("tanh", "none", "layer"), ("relu", "none", "rms"), ("sigmoid", "none", "layer"),
                ("relu", "identity", "layer"), ("softplus", "identity", "rms"), ("silu", "pre_activation", "layer"),
                ("relu", "pre_activation", "rms"),
            )
        ),
        *(
            {"activation": name, "shortcut": shortcut, "bias_shift": shift}
            for name, shortcut, shift in (
                ("relu", "none", 0.5), ("tanh", "none", -1.0), ("sigmoid", "none", 1.0), ("relu", "identity", -1.0),
                ("tanh", "identity", 0.5), ("silu", "pre_activation", 0.5), ("relu", "pre_activation", -1.0),
            )
        ),
    ],
    "gates": [
        {"activation": name, "shortcut": "highway", "sigma_w": sigma_w, "shortcut_span": span}
        for name, sigma_w, span in (
            ("tanh", 1.0, 1), ("tanh", 3.0, 1), ("relu", 1.4, 1), ("sigmoid", 1.0, 1), ("softplus", 1.0, 1),
            ("gelu", 1.4, 3), ("selu", 1.0, 2),
        )
    ],
    "orthogonal": [
        {"activation": name, "shortcut": shortcut, "initialization": "orthogonal"}
        for name, shortcut in (
            ("linear", "none"), ("tanh", "none"), ("relu", "none"), ("sigmoid", "none"), ("gelu", "none"),
            ("relu", "identity"), ("tanh", "identity"), ("silu", "pre_activation"),
        )
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """Rows [layers] of log10 mean squares: each seed's, and the theory's with its spread."""

    name: str
    measured: np.ndarray
    predicted: np.ndarray
    spread: np.ndarray

    @property
    def deviation(self) -> float:
        """Largest difference of the measured mean from the prediction, over all layers."""
        return float(np.abs(self.measured.mean(0) - self.predicted).max())

    @property
    def expected(self) -> float:
        """Twice the standard error that the theory itself expects of the mean of so few networks."""
        return 2 * float(self.spread.max()) / math.sqrt(len(self.measured))


def compare(experiments: list[Experiment], gates: bool = False, orthogonal: bool = False) -> list[Row]:
    """Measure every experiment with every seed."""
    measured: list[list[np.ndarray]] = [[] for _ in experiments]
    for seed in SEEDS:
        draws = Draws(seed, experiments[0].network.width, max(e.network.depth for e in experiments), orthogonal, gates)
        for first in range(0, len(experiments), AT_ONCE):
            profiles = log10_profiles(experiments[first : first + AT_ONCE], draws, seed)
            for rows, profile in zip(measured[first : first + AT_ONCE], profiles, strict=True):
                rows.append(profile)
    return [row_of(e, np.array(rows)) for e, rows in zip(experiments, measured, strict=True)]


def row_of(e: Experiment, measured: np.ndarray) -> Row:
    found = predict(e, classes=None)
    assert isinstance(found, Prediction), f"{name_of(e)}: {found}"
    # the theory speaks of the root of the mean square
    return Row(name_of(e), measured, 2 * found.log10_activation_grad_rms, 2 * found.log10_spread)


def name_of(e: Experiment) -> str:
    parts = [e.network.activation, e.network.shortcut]
    if e.network.initialization == "gaussian":
        parts.append(f"sigma_w^2 {e.network.sigma_w**2:.3g}, sigma_b^2 {e.network.sigma_b**2:.3g}")
    else:
        parts.append(e.network.initialization)
    parts += [f"span {e.network.shortcut_span}"] * (e.network.shortcut_span > 1)
    parts += [f"{e.network.normalization} norm"] * (e.network.normalization != "none")
    parts += [f"bias {e.network.bias_shift:g}"] * (e.network.bias_shift != 0)
    return ", ".join(parts)


def table(rows: list[Row]) -> str:
    """Return the closing note's table: log10 of the mean square at layer 1 relative to the last layer."""
    lines = ["| configuration | measured | predicted | largest deviation over the layers |", "|---|---|---|---|"]
    lines += [
        f"| {row.name} | {row.measured[:, 0].mean():.2f} ± {row.measured[:, 0].std(ddof=1):.2f} "
        f"| {row.predicted[0]:.2f} ± {row.spread[0]:.2f} | {row.deviation:.2f} |"
        for row in rows
    ]  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    print(table(compare([experiment(*values) for values in REFERENCE + OTHERS])))
    for kind in BEYOND:
        print(table(compare(beyond(kind), gates=kind == "gates", orthogonal=kind == "orthogonal")))


def beyond(kind: str) -> list[Experiment]:
    return [experiment("tanh", "none", 1.0, 0.0, width=WIDTHS[kind]).changed(**changes) for changes in BEYOND[kind]]


if __name__ == "__main__":
    main()
