"""Which modules of a network become rows of a recording, in which order, and which parameters count in each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from torch import Tensor, nn
from torch.nn import Parameter
from torch.nn.parameter import UninitializedParameter

from gradviz.network.architecture import Trainable
from gradviz.probes.modules.hooks import Guard, TrainingHook

# how torch.compile calls what it wrapped
COMPILED = "_orig_mod"
WRAPPERS = (nn.parallel.DistributedDataParallel, nn.DataParallel)


@dataclass(frozen=True, slots=True)
class MeasuredModule:
    """One row: a module whose output is the row's, and the names, within it, of the parameters that are its weights.

    Biases are not, except where a module has nothing else. `activation` is the module whose slope counts as the row's;
    None where that is `module` itself, or there is none.
    """

    name: str
    module: nn.Module
    weights: tuple[str, ...]
    activation: nn.Module | None = None

    def parameters(self) -> list[Parameter]:
        """Return the weights as they are now, without those that were taken away, and without shards."""
        return [weight for weight in self._present() if not is_sharded(weight)]

    @property
    def processes(self) -> int:
        """Over how many processes its weights are spread; 0 where they are plain tensors."""
        meshes = (getattr(weight, "device_mesh", None) for weight in self._present())
        return max((mesh.size() for mesh in meshes if mesh is not None), default=0)

    def _present(self) -> list[Parameter]:
        found = []
        for path in self.weights:
            owner, _, name = path.rpartition(".")
            module = self.module.get_submodule(owner) if owner else self.module
            if (weight := module._parameters.get(name)) is not None:
                found.append(weight)
        return found


def is_sharded(tensor: Tensor) -> bool:
    """Whether `tensor` is a DTensor: what is here may be a part of it, and to ask for all takes every process."""
    # the class itself is not imported where nobody uses it
    return hasattr(tensor, "device_mesh") and hasattr(tensor, "placements")


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the network itself, without what DistributedDataParallel and torch.compile put around it."""
    while True:
        if isinstance(model, WRAPPERS):
            model = model.module
        elif (inner := model._modules.get(COMPILED)) is not None:
            model = inner
        else:
            return model


def named_modules(model: nn.Module) -> dict[str, nn.Module]:
    """Return every module by its qualified name, each once; the network itself is called like its class."""
    core = unwrapped(model)
    found = {}
    for name, module in core.named_modules():
        plain = ".".join(part for part in name.split(".") if part != COMPILED)
        found[plain or type(core).__name__] = module
    return found


def compiled_modules(model: nn.Module) -> set[nn.Module]:
    """Return all modules whose forward pass torch.compile has taken over: nobody can look into it from outside."""
    return {
        inner
        for module in model.modules()
        if COMPILED in module._modules or getattr(module, "_compiled_call_impl", None) is not None
        for inner in module.modules()
    }


def find_rows(
    model: nn.Module,
    executed: Sequence[nn.Module],
    include: Sequence[str] = ("*",),
    exclude: Sequence[str] = (),
) -> tuple[MeasuredModule, ...]:
    """Return the rows of `model`, in the order in which its modules were first `executed`.

    Rows are the modules that own parameters themselves, and the innermost modules that were executed. A module with
    parameters that was never called (the projection inside attention, a spare head) comes last within the innermost
    module around it that was called, or last of all. `include` and `exclude` are patterns of qualified names, in which
    * stands for anything.
    """
    modules = named_modules(model)
    places = {module: place for place, module in enumerate(executed)}
    keys = _sort_keys(modules, places)
    rows = []
    for name, module in modules.items():
        weights = weight_names(module)
        if (weights or module in places) and is_row(name, module, include, exclude):
            rows.append(MeasuredModule(name, module, weights))
    return tuple(sorted(rows, key=lambda row: keys[row.name]))


def built_in_rows(network: Trainable, names: Sequence[str]) -> tuple[MeasuredModule, ...]:
    """Return the rows of these names as the network says what each is."""
    rows = []
    for name in names:
        parts = network.row_parts(name)
        weights = weight_names(parts.output) if parts.weights is None else parts.weights
        rows.append(MeasuredModule(name, parts.output, weights, parts.activation))
    return tuple(rows)


def is_row(name: str, module: nn.Module, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether `module` owns parameters or has nothing inside, and is asked for."""
    owner_or_innermost = bool(weight_names(module)) or not any(True for _ in module.children())
    return owner_or_innermost and _asked_for(name, include, exclude)


def weight_names(module: nn.Module) -> tuple[str, ...]:
    """Return the names of the parameters that `module` itself owns, without biases where there is anything else."""
    own = tuple(
        name for name, parameter in module._parameters.items() if parameter is not None and _holds_any(parameter)
    )
    weights = tuple(name for name in own if not (name.startswith("bias") or name.endswith("bias")))
    return weights or own


def _holds_any(parameter: Parameter) -> bool:
    """Whether there is a number in it: Linear(32, 0) has none, and what is made in the first pass has none yet."""
    return isinstance(parameter, UninitializedParameter) or parameter.numel() > 0


def shared_weights(rows: Sequence[MeasuredModule]) -> dict[str, str]:
    """Return, for every row that has a parameter of an earlier row, the name of that earlier row."""
    owners: dict[Parameter, str] = {}
    shared = {}
    for row in rows:
        for parameter in row.parameters():
            owner = owners.setdefault(parameter, row.name)
            if owner != row.name:
                shared[row.name] = owner
    return shared


class ExecutionOrder:
    """Keeps in which order `modules` are first called, until it is told to stop.

    A block whose outputs are not kept (a checkpoint) may run without a graph in the forward pass, and with one only
    within the backward pass, last block first: its place is that of the forward pass.
    """

    def __init__(self, modules: Iterable[nn.Module], guard: Guard) -> None:
        # in the order of the first call; the value says whether one of the calls was of a training pass
        self._called: dict[nn.Module, bool] = {}
        hook = TrainingHook(guard, self._enter, without_graph=True)
        # the guard switches gradients off
        learns = TrainingHook(guard, lambda module, _args: self._called.update({module: True}))
        self._handles = [module.register_forward_pre_hook(each) for module in modules for each in (hook, learns)]

    def stop(self) -> list[nn.Module]:
        """Take the hooks away and return the modules that were called in a training pass, in order."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        return [module for module, in_training in self._called.items() if in_training]

    def _enter(self, module: nn.Module, _args: object) -> None:
        self._called.setdefault(module, False)


def _asked_for(name: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in include) and not any(
        fnmatchcase(name, pattern) for pattern in exclude
    )


def _sort_keys(modules: Mapping[str, nn.Module], places: Mapping[nn.Module, int]) -> dict[str, tuple[float, bool, int]]:
    """Return by name: the place of execution, whether never executed itself, the place of definition."""
    last_inside: dict[str, int] = {}
    for name, module in modules.items():
        if module in places:
            for around in (name, *_around(name)):
                last_inside[around] = max(last_inside.get(around, 0), places[module])
    keys: dict[str, tuple[float, bool, int]] = {}
    for index, (name, module) in enumerate(modules.items()):
        if module in places:
            keys[name] = (places[module], False, index)
        else:
            executed = (last_inside[outer] for outer in _around(name) if modules.get(outer) in places)
            keys[name] = (next(executed, math.inf), True, index)
    return keys


def _around(name: str) -> list[str]:
    """Return the names of the modules around `name`, innermost first, without the whole network."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]
