"""All claims, in order."""

from __future__ import annotations

from gradviz.claims import cost, outcomes, precision, signal, slopes
from gradviz.claims.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "C1",
        "Every activation has a maximum slope; the sigmoid's is 1/4",
        "sigmoid 0.25, tanh 1, relu 1, leaky_relu 1, silu 1.0998, gelu 1.1289",
        slopes.steepest_slopes,
    ),
    Claim(
        "C2",
        "The chain rule multiplies the slopes: 30 sigmoid layers pass on at most 0.25^30",
        "at most 8.67e-19",
        slopes.product_of_slopes,
    ),
    Claim(
        "C3",
        "A gradient that is too small changes no bit of a float32 weight",
        "fraction of unchanged weights: 1 in the first layers of 30, almost 0 in the last",
        precision.weights_that_stand_still,
    ),
    Claim(
        "C4",
        "Below the smallest float32 the delivered gradient is exactly zero; the exact gradient is not",
        "1000 sigmoid layers: about 10^-600 or less, and finite",
        precision.beyond_the_smallest_number,
    ),
    Claim(
        "C5",
        "ReLU with He initialisation preserves the gradient: the profile is level",
        "a factor of 1 per layer in the mean square",
        signal.relu_passes_on,
    ),
    Claim("C6", "exp() costs more than a comparison", "a ratio, measured on this machine", cost.exponentials),
    Claim(
        "C7",
        "A ReLU unit can die for good; a leaky ReLU unit cannot",
        "most units dead with ReLU, none with leaky ReLU",
        outcomes.units_that_die,
    ),
    Claim(
        "C8",
        "Plain ReLU networks learn with 20 layers, but not with 100 or 1000",
        "above 95% at 20, chance (about 10%) at 100 and 1000",
        outcomes.relu_alone,
    ),
    Claim(
        "C9",
        "The derivative of F(x) + x is dF/dx + 1: the identity passes the gradient on unchanged",
        "no bit differs",
        signal.identity_passes_exactly,
    ),
    Claim(
        "C10",
        "With shortcuts, 152 and 1000 layers learn",
        "above 95% validation accuracy",
        outcomes.residual_depth,
    ),
    Claim(
        "C11",
        "More layers make a plain sigmoid network worse, not better",
        "10 and 20 layers worse than 3",
        outcomes.deeper_is_worse,
    ),
    Claim(
        "C12a",
        "A plain convolutional network gets worse with depth; its residual twin does not",
        "20 plain layers above 70%, 56 much worse, 110 near chance; 56 and 110 residual ones above 90%",
        outcomes.deeper_convolutions,
    ),
    Claim(
        "C12b",
        "Batch normalisation does not save a deep plain network: its gradient explodes towards the front",
        "110 plain layers: grows more than 5 decades; without normalisation more than 10 below the residual one",
        signal.batch_norm_does_not_save,
    ),
    Claim(
        "C12c",
        "ResNet-152 learns, and so do 1202 layers without any normalisation",
        "above 95% at 152, above 90% at 1202",
        outcomes.deep_convolutions,
    ),
    Claim(
        "C12d",
        "A sigmoid convolutional network fails as a fully connected one does",
        "chance (about 10%); the gradient falls more than 12 decades over 20 layers",
        outcomes.sigmoid_convolutions,
    ),
    Claim(
        "C12e",
        "Post-norm Transformers stop training with depth, pre-norm ones do not; a warm-up helps, to a point",
        "12 blocks post-norm at chance, above 75% with a warm-up; 24 post-norm at chance, pre-norm above 75%",
        outcomes.post_norm,
    ),
    Claim(
        "C12f",
        "Without shortcuts attention makes all tokens alike, and nothing is left to learn from",
        "cosine between tokens 0.99 or more from block 3 on, at chance, although the gradient stays",
        outcomes.tokens_alike,
    ),
)


def claim(name: str) -> Claim:
    """Return the claim `name`. Raises KeyError."""
    return next(each for each in CLAIMS if each.name == name)
