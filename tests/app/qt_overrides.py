"""Finds every method of the window that overrides one of Qt's, by comparing its classes with those of Qt."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import shiboken6

import app


class Override(NamedTuple):
    """A method that Qt calls."""

    owner: type
    name: str

    @property
    def method(self) -> Callable[..., Any]:
        """The function as it stands in the class."""
        return vars(self.owner)[self.name]

    def __str__(self) -> str:
        return f"{self.owner.__module__}.{self.owner.__qualname__}.{self.name}"


def find_overrides() -> list[Override]:
    """All of them, those of mixed-in classes as well, in the order of their names."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        importlib.import_module(module.name)
    found = {
        Override(ours, name)
        for derived in _classes_below(shiboken6.Object)
        for ours in derived.__mro__
        if _is_ours(ours)
        for name, member in vars(ours).items()
        if inspect.isfunction(member) and not name.startswith("__")
        if any(callable(vars(base).get(name)) for base in derived.__mro__ if not _is_ours(base))
    }
    return sorted(found, key=str)


def _is_ours(found: type) -> bool:
    return found.__module__.split(".")[0] == "app"


def _classes_below(base: type) -> Iterator[type]:
    for derived in type.__subclasses__(base):
        yield derived
        yield from _classes_below(derived)
