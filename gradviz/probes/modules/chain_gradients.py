"""The exact gradient of a chain of blocks: the backward pass in numbers that neither underflow nor overflow.

The backward pass is linear in the gradient that comes in. So what entered each block is kept, the blocks are run once
more from there, last block first, and the gradient is handed from block to block with `torch.autograd.grad`; a power
of two, which changes no digit, brings it back to magnitudes near 1 each time, and the exponents are counted.

Exact means exact for the states that the machine computed. Each block is run as a twin, so that the repeat moves
nothing of the training; and its output is compared with that of the pass itself, so that a block that cannot be
repeated (because it draws random numbers of its own, say) is found out instead of being measured wrongly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import Parameter
from torch.utils.hooks import RemovableHandle

from gradviz.probes.modules.hooks import (
    BackwardKind,
    BackwardPass,
    GradientHook,
    Guard,
    TrainingHook,
    first_tensor,
    in_backward_pass,
)
from gradviz.probes.modules.rows import is_sharded
from gradviz.probes.modules.twins import Autocast, RandomState, Twins, undisturbed
from gradviz.probes.norms import norms

LOG10_2 = math.log10(2.0)
# how far a repeated output may lie from the first, in units of the precision, before it counts as another one
LARGEST_DISTANCE = 64
# beyond these a power of two is infinite or subnormal itself; what is left comes off at the next blocks
LARGEST_EXPONENTS = {torch.float16: 14, torch.float64: 1022}
LARGEST_EXPONENT = 126
# so many blocks are run at once: within them a gradient near 1 stays within the range of float32, and the fewer calls
# the better; the range of float16 is soon left
BLOCKS_AT_ONCE = 8


class CannotRepeatError(Exception):
    """Why a pass cannot be run once more, in words."""


@dataclass(slots=True, eq=False)
class KeptInput:
    """What entered one block; and where the random generators stood, if the block may draw from them."""

    x: Tensor
    version: int
    needs_gradient: bool
    random: RandomState | None


@dataclass(slots=True, eq=False)
class ChainPass:
    """One forward pass: `inputs` of the blocks so far; `output` of the last, and the gradient that came back there."""

    autocast: Autocast
    inputs: list[KeptInput] = field(default_factory=list)
    output: Tensor | None = None
    output_version: int = 0
    gradient: Tensor | None = None
    followed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Some blocks that are run at once; `in_place` says that they may write over what they are given."""

    blocks: Sequence[nn.Module]
    kept: KeptInput
    in_place: bool
    autocast: Autocast


@dataclass(frozen=True, slots=True, eq=False)
class ExactNorms:
    """log10 of L2 norms, float64 on the host.

    `outputs`: per call of a module the module, how many numbers it put out, and the norm of the gradient there, of the
    loss as it was differentiated; `weights`: per parameter the norm of its gradient, all passes of the step together.
    """

    outputs: list[tuple[nn.Module, int, float]]
    weights: dict[Parameter, float]


def chain_of(model: nn.Module) -> tuple[nn.Module, ...] | None:
    """Return the blocks of an `nn.Sequential`, of which those inside are taken apart; None of any other module."""
    if not isinstance(model, nn.Sequential) or type(model).forward is not nn.Sequential.forward:
        return None
    return tuple(block for child in model for block in (chain_of(child) or (child,)))


class ChainGradients:
    """Armed before the forward passes of a step, it keeps what `take` then needs to follow the gradient back."""

    def __init__(self, chain: Sequence[nn.Module], guard: Guard) -> None:
        self._chain, self._guard = tuple(chain), guard
        self._modules: frozenset[nn.Module] = frozenset()
        self._in_place = [any(getattr(part, "inplace", False) for part in block.modules()) for block in chain]
        self._random = [any(map(_may_be_random, block.modules())) for block in chain]
        self._handles: list[RemovableHandle] = []
        self._passes: list[ChainPass] = []
        self._followed, self._found = 0, _Sums()
        self.why_not = ""

    def arm(self, modules: Iterable[nn.Module]) -> None:
        """Forget what was gathered and keep what enters the blocks from now on.

        The gradient is asked for at the outputs of `modules`, which lie in the blocks, and at all their parameters.
        """
        self.disarm()
        self._modules = frozenset(modules)
        self.why_not = ""
        enter, leave = TrainingHook(self._guard, self._enter), TrainingHook(self._guard, self._leave)
        self._handles = [block.register_forward_pre_hook(enter) for block in dict.fromkeys(self._chain)]
        self._handles.append(self._chain[-1].register_forward_hook(leave))

    def disarm(self) -> None:
        """Take the hooks away, and let go of the states."""
        for handle in self._handles:
            handle.remove()
        self._handles, self._passes, self._followed, self._found = [], [], 0, _Sums()

    def take(self) -> ExactNorms | None:
        """Return what all passes of the step come to; None if none came back, or one could not be followed."""
        self._follow()
        self._passes = []
        return self._found.norms() if self._followed and not self.why_not else None

    def _enter(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        if self.why_not or in_backward_pass():
            return
        x = args[0] if len(args) == 1 else None
        present = self._passes[-1] if self._passes else None
        if present is None or len(present.inputs) == len(self._chain):
            # the weights are still what they were in the passes before
            self._follow()
            present = ChainPass(Autocast(x.device if isinstance(x, Tensor) else torch.device("cpu")))
            self._passes.append(present)
        place = len(present.inputs)
        if module is not self._chain[place]:
            self._refuse("its blocks do not run one after the other, each once")
        elif not isinstance(x, Tensor) or not (x.is_floating_point() or place == 0):
            self._refuse(f"{_name(module)} is given something else than one tensor")
        else:
            kept = x.detach().clone() if self._in_place[place] else x.detach()
            random = RandomState(x) if self._random[place] else None
            present.inputs.append(KeptInput(kept, kept._version, x.requires_grad, random))

    def _leave(self, _module: nn.Module, _args: Any, output: Any) -> None:
        present = self._passes[-1] if self._passes else None
        if self.why_not or in_backward_pass() or present is None or len(present.inputs) < len(self._chain):
            return
        if not isinstance(output, Tensor):
            self._refuse(f"{_name(self._chain[-1])} puts out something else than one tensor")
            return
        present.output, present.output_version = output.detach(), output._version
        if output.requires_grad:
            output.register_hook(GradientHook(self._guard, self._come_back, present))  # type: ignore[no-untyped-call]

    def _come_back(self, chain_pass: ChainPass, gradient: Tensor, backward: BackwardPass) -> None:
        if backward.kind is BackwardKind.CREATES_GRAPH:
            self._refuse("the gradient is differentiated again")
        elif chain_pass.followed:
            self._refuse("a second gradient came back through the same pass")
        elif chain_pass.gradient is None:
            chain_pass.gradient = gradient.clone()
        else:
            chain_pass.gradient = chain_pass.gradient + gradient

    def _refuse(self, why: str) -> None:
        self.why_not = why
        self._passes = []

    def _follow(self) -> None:
        if self._passes and any(is_sharded(one) for block in self._chain for one in block.parameters()):
            # to run a block takes every process
            self._refuse("its parameters are spread over several processes")
        for chain_pass in self._passes:
            if self.why_not or chain_pass.gradient is None or chain_pass.followed:
                continue
            try:
                with undisturbed(chain_pass.gradient):
                    self._follow_back(chain_pass)
                chain_pass.followed = True
                self._followed += 1
            except CannotRepeatError as error:
                self._refuse(str(error))

    def _follow_back(self, chain_pass: ChainPass) -> None:
        """Hand the gradient of one pass from block to block, and let go of the states on the way."""
        assert chain_pass.output is not None
        assert chain_pass.gradient is not None
        inputs, expected, version = chain_pass.inputs, chain_pass.output, chain_pass.output_version
        gradient: Tensor | None = chain_pass.gradient
        chain_pass.output = chain_pass.gradient = None
        at_once = 1 if torch.float16 in {expected.dtype, *(kept.x.dtype for kept in inputs)} else BLOCKS_AT_ONCE
        exponent = 0
        while inputs and gradient is not None:
            first = max(len(inputs) - at_once, 0)
            blocks, kept = self._chain[first : len(inputs)], inputs[first]
            # blocks in front of the first that may be random draw nothing
            kept.random = next((each.random for each in inputs[first:] if each.random is not None), None)
            del inputs[first:]
            if expected._version != version:
                raise CannotRepeatError(f"what {_name(blocks[-1])} puts out is overwritten later on")
            gradient, off = near_one(gradient)
            exponent += off
            segment = Segment(blocks, kept, self._in_place[first], chain_pass.autocast)
            repeated, gradient = self._back_through(segment, gradient, exponent)
            if not _alike(repeated, expected):
                names = ", ".join(dict.fromkeys(map(_name, blocks)))
                raise CannotRepeatError(f"{names}: run once more, the output is another one")
            expected, version = kept.x, kept.version
        inputs.clear()

    def _back_through(self, segment: Segment, gradient: Tensor, exponent: int) -> tuple[Any, Tensor | None]:
        """Run a segment again; return its output, and the gradient at its input if one comes back there.

        `gradient` is the one at its output, without a factor of 2 ** `exponent`.
        """
        blocks, kept = segment.blocks, segment.kept
        twins = Twins()
        at_outputs: list[tuple[nn.Module, Tensor]] = []

        def on_output(module: nn.Module, output: Any) -> None:
            x = first_tensor(output)
            if module in self._modules and x is not None and x.requires_grad:
                x.register_hook(lambda found: at_outputs.append((module, found.detach())))  # type: ignore[no-untyped-call]

        x = kept.x.requires_grad_(kept.needs_gradient)
        try:
            with torch.enable_grad(), segment.autocast.again():
                if kept.random is not None:
                    kept.random.restore()
                # nothing can be done in place to a leaf
                repeated: Any = x.clone() if segment.in_place else x
                for block in blocks:
                    repeated = twins.twin(block, on_output)(repeated)
            leaves = {parameter: leaf for parameter, leaf in twins.leaves.items() if leaf.requires_grad}
            wanted = [*leaves.values(), *([x] if kept.needs_gradient else [])]
            found = torch.autograd.grad(repeated, wanted, gradient, allow_unused=True) if wanted else ()
        except Exception as error:
            names = ", ".join(dict.fromkeys(map(_name, blocks)))
            raise CannotRepeatError(f"{names}: cannot be run once more ({error})") from error
        self._found.add_outputs(at_outputs, exponent)
        for parameter, weight_gradient in zip(leaves, found, strict=False):
            if weight_gradient is not None:
                self._found.add_weight(parameter, weight_gradient, exponent)
        return repeated, found[-1] if kept.needs_gradient else None


class _Sums:
    """What is found on the way back, over all blocks and passes."""

    def __init__(self) -> None:
        self._outputs: list[tuple[nn.Module, int, float]] = []
        self._weights: dict[Parameter, tuple[Tensor, int]] = {}

    def add_outputs(self, gradients: Sequence[tuple[nn.Module, Tensor]], exponent: int) -> None:
        """Take the gradients at some outputs, all without a factor of 2 ** `exponent`."""
        logs = _log10([gradient for _, gradient in gradients], [exponent] * len(gradients))
        self._outputs += [
            (module, gradient.numel(), log) for (module, gradient), log in zip(gradients, logs, strict=True)
        ]

    def add_weight(self, parameter: Parameter, gradient: Tensor, exponent: int) -> None:
        """Add the gradient at a parameter to what there is of it."""
        if parameter in self._weights:
            known, other = self._weights[parameter]
            largest = max(exponent, other)
            gradient = gradient * 2.0 ** (exponent - largest) + known * 2.0 ** (other - largest)
            exponent = largest
        self._weights[parameter] = gradient, exponent

    def norms(self) -> ExactNorms:
        """Return the norms of everything."""
        logs = _log10(*map(list, zip(*self._weights.values(), strict=True))) if self._weights else []
        return ExactNorms(self._outputs, dict(zip(self._weights, logs, strict=True)))


def near_one(x: Tensor) -> tuple[Tensor, int]:
    """Return `x` over the power of two next to its largest magnitude, and the exponent; zero and infinity stay."""
    largest = float(torch.linalg.vector_norm(x, math.inf)) if x.numel() else 0.0
    if largest == 0.0 or not math.isfinite(largest):
        return x, 0
    limit = LARGEST_EXPONENTS.get(x.dtype, LARGEST_EXPONENT)
    exponent = min(max(math.frexp(largest)[1], -limit), limit)
    return x * 2.0**-exponent, exponent


def _log10(gradients: Sequence[Tensor], exponents: Sequence[int]) -> list[float]:
    """Return log10 of the norms of `gradients` times 2 ** `exponents`."""
    if not gradients:
        return []
    logs = norms(gradients).log10().tolist()
    return [log + exponent * LOG10_2 for log, exponent in zip(logs, exponents, strict=True)]


def _alike(repeated: object, expected: Tensor) -> bool:
    if not isinstance(repeated, Tensor) or repeated.shape != expected.shape or repeated.dtype != expected.dtype:
        return False
    repeated = repeated.detach()
    if torch.equal(repeated, expected) or not expected.numel():
        return True
    if not expected.is_floating_point():
        return False
    allowed = torch.linalg.vector_norm(expected, math.inf) * (LARGEST_DISTANCE * torch.finfo(expected.dtype).eps)
    # what is not a number in either is no difference that could be measured
    return not bool(torch.linalg.vector_norm(repeated - expected, math.inf) > allowed)


def _may_be_random(module: nn.Module) -> bool:
    """Whether `module` may draw random numbers: dropout does, and of what is not torch's own nobody knows."""
    of_torch = type(module).__module__.startswith("torch.nn.")
    dropout = "Dropout" in type(module).__name__ or hasattr(module, "dropout")
    return dropout or isinstance(module, nn.RReLU) or not of_torch


def _name(module: nn.Module) -> str:
    return type(module).__name__
