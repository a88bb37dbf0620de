"""The quantities that are measured on the fused stack and on modules alike, each described once.

What only one of them has is described by the probe that measures it.
"""

from __future__ import annotations

from gradviz.recording.frame import Quantity

WEIGHT_GRAD_NORM = Quantity(
    "weight_grad_norm",
    "Weight gradient norm",
    "|∂loss/∂W|₂",
    "Length of the loss gradient with respect to all weights of a layer: what the optimiser has to go by",
    beside="exact_log10_weight_grad_norm",
)
ACTIVATION_GRAD_RMS = Quantity(
    "activation_grad_rms",
    "Activation gradient",
    "rms ∂loss/∂h",
    "How much one sample's loss would change if the output of a layer changed: root mean square over samples "
    "and units, whatever the batch size",
    beside="exact_log10_activation_grad_rms",
)
WEIGHT_NORM = Quantity("weight_norm", "Weight norm", "|W|₂", "Length of all weights of a layer")
UPDATE_RATIO = Quantity(
    "update_ratio",
    "Update ratio",
    "|ΔW|₂ / |W|₂",
    "Length of the latest step over the length of the weights it moved: near 0.001 a layer learns, "
    "below a millionth it stands still",
    # Karpathy's rule of thumb (CS231n notes, Neural Networks Part 3)
    guide=(-3.0, "10⁻³, where a layer usually learns well"),
)
UNCHANGED_FRACTION = Quantity(
    "unchanged_fraction",
    "Unchanged weights",
    "share of weights",
    "Share of the weights of a layer whose bits the latest step did not change, because it was nothing next "
    "to them: 1 means that the layer stands still, whatever the gradient says",
    scale="linear",
    bounds=(0.0, 1.0),
)
ACTIVATION_MEAN = Quantity(
    "activation_mean",
    "Activation mean",
    "mean h",
    "Mean of a layer's output over samples and units",
    scale="linear",
    signed=True,
)
ACTIVATION_STD = Quantity(
    "activation_std",
    "Activation spread",
    "std h",
    "Standard deviation of a layer's output over samples and units; 0 means that all are the same number",
    scale="linear",
)
DEAD_FRACTION = Quantity(
    "dead_fraction",
    "Dead units",
    "share of units",
    "Share of a layer's units whose activation has slope zero for every sample of the probe batch, so that no gradient "
    "reaches them. Measured every few steps on the same validation samples",
    scale="linear",
    scheduled=True,
    bounds=(0.0, 1.0),
)
SATURATED_FRACTION = Quantity(
    "saturated_fraction",
    "Saturated inputs",
    "share of samples × units",
    "Share of the inputs to a layer's activations at which the slope is below a hundredth of the largest that the "
    "activation has. Measured every few steps on the same validation samples",
    scale="linear",
    scheduled=True,
    bounds=(0.0, 1.0),
)
EXACT_ACTIVATION_GRAD = Quantity(
    "exact_log10_activation_grad_rms",
    "Exact activation gradient",
    "rms ∂loss/∂h",
    "The activation gradient as the mathematics has it: followed with an exponent beside it, so that it never "
    "becomes zero or infinite. Measured every few steps",
    scheduled=True,
)
EXACT_WEIGHT_GRAD = Quantity(
    "exact_log10_weight_grad_norm",
    "Exact weight gradient norm",
    "|∂loss/∂W|₂",
    "The weight gradient norm as the mathematics has it: followed with an exponent beside it, so that it never "
    "becomes zero or infinite. Measured every few steps",
    scheduled=True,
)
SHORTCUT_GRAD = Quantity(
    "shortcut_grad_rms",
    "Gradient by the shortcut",
    "rms ∂loss/∂h",
    "The part of the gradient that came down the shortcut; an identity shortcut hands on exactly what it "
    "receives. Measured every few steps",
    scheduled=True,
    beside="branch_grad_rms",
)
BRANCH_GRAD = Quantity(
    "branch_grad_rms",
    "Gradient by the branch",
    "rms ∂loss/∂h",
    "The part of the gradient that came through the residual branch. Measured every few steps",
    scheduled=True,
    beside="shortcut_grad_rms",
)
SHORTCUT_SHARE = Quantity(
    "shortcut_share",
    "Shortcut's share of the gradient",
    "",
    "Length of the shortcut's part over the lengths of both parts: 1 means that nothing comes through the "
    "branch. Measured every few steps",
    scale="linear",
    scheduled=True,
    bounds=(0.0, 1.0),
)
PATH_COSINE = Quantity(
    "path_cosine",
    "Cosine of shortcut and branch",
    "",
    "Direction of the branch's part against the shortcut's: 1 adds up, -1 cancels out, 0 is at right angles; "
    "not a number where one part is zero. Measured every few steps",
    scale="linear",
    signed=True,
    scheduled=True,
    bounds=(-1.0, 1.0),
)
