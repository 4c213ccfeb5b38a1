"""Errors the analyst may see: one sentence on what happened, one on what to do next.

Everything below ``Session`` raises ``FaamiError`` for faults of the environment, of a file or of a model.
Any other exception is a bug of ours and belongs in the crash report.
"""

from __future__ import annotations


class FaamiError(Exception):
    """A known fault, told in two sentences.

    Args:
        message: What happened, as one sentence that names the file or setting.
        next_step: What the analyst can do about it, as one sentence; may be empty.
    """

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()


class CancelledError(FaamiError):
    """The analyst cancelled the work; what was finished before is kept."""

    def __init__(self, message: str = "The work was cancelled.", next_step: str = "") -> None:
        super().__init__(message, next_step)


class UnreadableImageError(FaamiError):
    """An image file cannot be decoded; it is listed with this reason and its neighbours are untouched."""


class ModelError(FaamiError):
    """A checkpoint is missing, broken, hostile, or does not fit its config."""


class DeviceMemoryError(ModelError):
    """A batch does not fit into the memory of the model's device; a smaller one, or the CPU, may do."""


class CollectionError(FaamiError):
    """A collection or its index cannot be opened, read or written."""


class QueryError(FaamiError):
    """A query is empty, cannot be read, or names something that cannot be used.

    Args:
        message: As in ``FaamiError``.
        next_step: As in ``FaamiError``.
        position: 0-based index of the character of the typed line where reading stopped; None if it was not typed.
    """

    def __init__(self, message: str, next_step: str = "", *, position: int | None = None) -> None:
        super().__init__(message, next_step)
        self.position = position


class ExportError(FaamiError):
    """A result set cannot be written."""


class TrainingError(FaamiError):
    """Training cannot start or go on: data, config or checkpoint do not fit."""
