"""Lists, dictionaries and arrays of numbers from a Python pickle, without doing anything that the pickle asks for.

`pickletools` of the standard library tells the instructions of a pickle apart and runs none. Those that CIFAR's
archives are made of are followed here, over values that can do nothing; what a pickle calls is known by its name, and
never looked up. Everything else is refused.
"""

from __future__ import annotations

import math
import pickletools
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

MOST_INSTRUCTIONS = 5_000_000
_NUMBERS = re.compile(r"[biuf][1248]")
_MARK = object()


class PickleError(Exception):
    """What is wrong with a pickle, in words."""


@dataclass(frozen=True, slots=True)
class _Name:
    """Something that the pickle wants from a module."""

    name: str


@dataclass(slots=True, eq=False)
class _Type:
    """A type of numbers, such as u1, and their byte order."""

    code: str
    order: str = "|"

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.order.replace("|", "") + self.code)


@dataclass(slots=True, eq=False)
class _Array:
    """An array whose numbers are still to come."""

    values: np.ndarray[Any, Any] | None = None


def read_pickle(content: bytes) -> object:
    """Return what a pickle holds: numbers, texts, bytes, lists, tuples, dictionaries and arrays. Raises PickleError."""
    reader = _Reader()
    try:
        for number, (instruction, argument, _) in enumerate(pickletools.genops(content)):
            if number > MOST_INSTRUCTIONS:
                raise PickleError("it has too many instructions")
            if instruction.name == "STOP":
                return _plain(reader.stack.pop())
            reader.follow(instruction.name, argument)
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        raise PickleError(f"it is damaged: {error}") from None
    raise PickleError("it ends too soon")


class _Reader:
    """Follows instructions over a stack of values."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def follow(self, instruction: str, argument: Any) -> None:
        """Follow one instruction. Raises PickleError for one that is not for data."""
        if instruction in _IGNORED:
            return
        if instruction in _GIVEN:
            self.stack.append(argument)
        elif instruction in _MADE:
            self.stack.append(_MADE[instruction]())
        elif instruction in _REMEMBERED:
            self._memo[len(self._memo) if argument is None else argument] = self.stack[-1]
        elif instruction in _RECALLED:
            self.stack.append(self._memo[argument])
        elif instruction == "GLOBAL":
            self.stack.append(_Name(argument.replace(" ", ".")))
        elif instruction in _COLLECTED:
            _COLLECTED[instruction](self)
        else:
            raise PickleError(f"it asks for {instruction}, which data do not need; nothing was run")

    def name(self) -> None:
        """Name something of a module."""
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(_Name(f"{module}.{name}"))

    def join(self, count: int) -> None:
        """Make a tuple of the latest values."""
        if len(self.stack) < count:
            raise PickleError("it is damaged")
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def append(self) -> None:
        """Put a value into the list below it."""
        item = self.stack.pop()
        self._top(list).append(item)

    def append_all(self) -> None:
        """Put the values after the mark into the list below it."""
        items = self._after_mark()
        self._top(list).extend(items)

    def set_one(self) -> None:
        """Put a key and a value into the dictionary below them."""
        value, key = self.stack.pop(), self.stack.pop()
        self._top(dict)[_text(key)] = value

    def set_all(self) -> None:
        """Put the keys and values after the mark into the dictionary below it."""
        items = self._after_mark()
        self._top(dict).update(zip(map(_text, items[::2]), items[1::2], strict=True))

    def make_list(self) -> None:
        """Make a list of the values after the mark."""
        self.stack.append(self._after_mark())

    def make_tuple(self) -> None:
        """Make a tuple of the values after the mark."""
        self.stack.append(tuple(self._after_mark()))

    def make_dictionary(self) -> None:
        """Make a dictionary of the keys and values after the mark."""
        items = self._after_mark()
        self.stack.append(dict(zip(map(_text, items[::2]), items[1::2], strict=True)))

    def call(self) -> None:
        """Do what the pickle calls with its arguments, if it is known."""
        arguments, called = self.stack.pop(), self.stack.pop()
        self.stack.append(_call(called, arguments))

    def build(self) -> None:
        """Give an array or a type what is still missing."""
        state = self.stack.pop()
        _fill(self.stack[-1], state)

    def _after_mark(self) -> list[Any]:
        place = next((place for place in range(len(self.stack) - 1, -1, -1) if self.stack[place] is _MARK), None)
        if place is None:
            raise PickleError("it is damaged")
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items

    def _top(self, kind: type[Any]) -> Any:
        if type(self.stack[-1]) is not kind:
            raise PickleError("it is damaged")
        return self.stack[-1]


def _call(called: object, arguments: Any) -> object:
    """Return what the few calls that arrays are made of would return."""
    name = called.name if isinstance(called, _Name) else repr(type(called).__name__)
    if name.endswith(".multiarray._reconstruct") and name.startswith("numpy."):
        return _Array()
    if name == "numpy.dtype" and _NUMBERS.fullmatch(_text(arguments[0])):
        return _Type(_text(arguments[0]))
    if name == "_codecs.encode" and arguments[1] == "latin1":
        # how Python 3 writes bytes for Python 2
        return str(arguments[0]).encode("latin-1")
    if name.endswith(".numeric._frombuffer") and name.startswith("numpy."):
        content, kind, shape, order = arguments
        return _Array(_array(content, kind, shape, fortran=order == "F"))
    raise PickleError(f"it asks to call {name}, which data do not need; nothing was run")


def _fill(target: object, state: Any) -> None:
    if isinstance(target, _Type):
        if state[1] not in ("|", "<", ">"):
            raise PickleError("its numbers are of an unknown kind")
        target.order = state[1]
    elif isinstance(target, _Array):
        _, shape, kind, fortran, content = state
        target.values = _array(content, kind, shape, fortran=bool(fortran))
    else:
        raise PickleError("it asks to change what is no array; nothing was run")


def _array(content: Any, kind: Any, shape: Any, *, fortran: bool) -> np.ndarray[Any, Any]:
    if not isinstance(kind, _Type) or not isinstance(content, str | bytes | bytearray):
        raise PickleError("its arrays do not hold numbers")
    # a string of Python 2 is bytes
    data = content.encode("latin-1") if isinstance(content, str) else bytes(content)
    if not all(type(length) is int and length >= 0 for length in shape):
        raise PickleError("its arrays have no shape")
    if math.prod(shape) * kind.dtype.itemsize != len(data):
        raise PickleError(f"an array of shape {tuple(shape)} does not fit its {len(data):,} bytes")
    return np.frombuffer(data, kind.dtype).reshape(shape, order="F" if fortran else "C")


def _text(key: object) -> str:
    if isinstance(key, bytes):
        return key.decode("latin-1")
    if not isinstance(key, str | int):
        raise PickleError("it is damaged")
    return str(key)


def _plain(value: object) -> object:
    """Return a value with its arrays, one level deep as CIFAR's are."""
    if isinstance(value, dict):
        return {key: each.values if isinstance(each, _Array) else each for key, each in value.items()}
    return value.values if isinstance(value, _Array) else value


_IGNORED = frozenset({"PROTO", "FRAME"})
_REMEMBERED = frozenset({"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"})
_RECALLED = frozenset({"GET", "BINGET", "LONG_BINGET"})
_GIVEN = frozenset({
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
    "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "UNICODE", "BINUNICODE",
    "SHORT_BINUNICODE", "BINUNICODE8",
})  # fmt: skip
_MADE: dict[str, Callable[[], object]] = {
    "MARK": lambda: _MARK, "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False,
    "EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple,
}  # fmt: skip
_COLLECTED: dict[str, Callable[[_Reader], None]] = {
    "APPEND": _Reader.append, "APPENDS": _Reader.append_all, "SETITEM": _Reader.set_one,
    "SETITEMS": _Reader.set_all, "LIST": _Reader.make_list, "TUPLE": _Reader.make_tuple,
    "DICT": _Reader.make_dictionary, "REDUCE": _Reader.call, "BUILD": _Reader.build,
    "STACK_GLOBAL": _Reader.name, "TUPLE1": partial(_Reader.join, count=1), "TUPLE2": partial(_Reader.join, count=2),
    "TUPLE3": partial(_Reader.join, count=3),
}  # fmt: skip
