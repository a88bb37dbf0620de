"""Words of the recipe as a person writes them: `leaky_relu` is leaky ReLU."""

from __future__ import annotations

from gradviz.experiment.activations import ACTIVATIONS

_NAMES = {
    "sgd": "SGD", "momentum": "SGD with momentum", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop",
    "pre_activation": "pre-activation", "pytorch_default": "PyTorch default", "xor": "XOR", "rms": "RMS",
    "gaussian": "Gaussian", "lecun_normal": "LeCun normal", "he_normal": "He normal", "he_uniform": "He uniform",
    "glorot_normal": "Glorot normal", "glorot_uniform": "Glorot uniform", "rezero": "ReZero",
    "cross_entropy": "cross-entropy", "binary_cross_entropy": "binary cross-entropy", "mse": "mean squared error",
    "minmax": "from 0 to 1", "digits": "handwritten digits", "file": "a file of mine", "mlp": "fully connected",
    "text": "characters of a text",
    "resnet": "convolutional (ResNet)", "skip_init": "SkipInit", "fixup": "Fixup", "cifar": "CIFAR",
    "imagenet": "ImageNet",
    "transformer": "Transformer", "layer_scale": "LayerScale", "deepnorm": "DeepNorm",
} | {name: activation.label for name, activation in ACTIVATIONS.items()}  # fmt: skip


def in_words(word: str) -> str:
    """Write a word of the recipe as a person would."""
    return _NAMES.get(word, word.replace("_", " "))
