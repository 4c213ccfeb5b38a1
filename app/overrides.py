"""The guard around methods that Qt calls: an exception of ours costs one notice, not the process."""

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from PySide6.QtCore import QSize

_Method = TypeVar("_Method", bound=Callable[..., Any])
# What Qt can go on with where its own method is abstract, by the annotation of ours.
_SAFE = {"int": 0, "bool": False, "QSize": QSize()}


def qt_override(method: _Method) -> _Method:
    """Decorates a method that overrides one of Qt's.

    Qt calls it from C++, where an exception has nowhere to go: PySide ends the process. The guard hands the exception
    to ``sys.excepthook`` (see ``crash_log``) and answers what Qt's own method answers.
    """

    @functools.wraps(method)
    def guarded(self: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return method(self, *arguments, **options)
        except BaseException as error:
            with suppress(BaseException):
                sys.excepthook(type(error), error, error.__traceback__)
            # A painter that the failed method left open ends here, so that Qt's method can paint.
            traceback.clear_frames(error.__traceback__)
        return _answer_of_qt(guarded, self, *arguments, **options)

    guarded.is_guarded = True  # type: ignore[attr-defined]  # read by the test that looks for overrides without a guard
    return guarded  # type: ignore[return-value]


def _answer_of_qt(guarded: Callable[..., Any], receiver: Any, *arguments: Any, **options: Any) -> Any:
    """What the next class in line answers; a value that does no harm where that cannot answer either."""
    name, classes = guarded.__name__, type(receiver).__mro__
    owner = next(place for place, found in enumerate(classes) if vars(found).get(name) is guarded)
    with suppress(BaseException):
        return getattr(super(classes[owner], receiver), name)(*arguments, **options)
    return _SAFE.get(guarded.__annotations__.get("return", ""))
