"""Recall at k and mean recall over a similarity matrix [images, texts], rows always images.

Ties count against us: an image or caption that scores the same as the right one ranks before it.
Protocol of RSICD and RSITMD: image to text takes the best rank among the image's own captions, text to image the rank
of the caption's one source image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ranks = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.floating]

KS = (1, 5, 10)


@dataclass(frozen=True)
class RetrievalMetrics:
    """Recall at 1, 5 and 10 both ways, in percent, and their mean."""

    image_to_text: tuple[float, float, float]
    text_to_image: tuple[float, float, float]

    @property
    def mean_recall(self) -> float:
        return float(np.mean(self.image_to_text + self.text_to_image))

    def as_dict(self) -> dict[str, object]:
        """Keys i2t, t2i (r1, r5, r10) and mr, rounded to 2 digits."""
        both = {"i2t": self.image_to_text, "t2i": self.text_to_image}
        named: dict[str, object] = {
            way: {f"r{k}": round(value, 2) for k, value in zip(KS, values, strict=True)}
            for way, values in both.items()
        }
        return named | {"mr": round(self.mean_recall, 2)}


def image_to_text_ranks(similarity: Matrix, image_of_text: npt.NDArray[np.int64]) -> Ranks:
    """0-based rank of the best own caption per image.

    Args:
        similarity: [N, M].
        image_of_text: [M], the image each caption belongs to; every image has at least one.
    """
    own = _ownership(len(similarity), image_of_text)
    best = np.where(own, similarity, -np.inf).max(axis=1)
    return np.asarray(((similarity >= best[:, None]) & ~own).sum(axis=1), dtype=np.int64)


def text_to_image_ranks(similarity: Matrix, image_of_text: npt.NDArray[np.int64]) -> Ranks:
    """0-based rank of the source image per caption."""
    right = similarity[image_of_text, np.arange(similarity.shape[1])]
    return np.asarray((similarity >= right[None, :]).sum(axis=0) - 1, dtype=np.int64)


def recall_at_k(ranks: Ranks, k: int) -> float:
    """Share of ranks below k, in percent."""
    return 100.0 * float((ranks < k).mean()) if len(ranks) else 0.0


def retrieval_metrics(similarity: Matrix, image_of_text: npt.NDArray[np.int64]) -> RetrievalMetrics:
    """Both ways over the whole gallery."""
    return _metrics(image_to_text_ranks(similarity, image_of_text), text_to_image_ranks(similarity, image_of_text))


def tie_broken_metrics(similarity: Matrix, image_of_text: npt.NDArray[np.int64]) -> RetrievalMetrics:
    """Both ways as expected when equal scores are put in random order.

    Published codes sort the scores, which puts ties in an order that means nothing. Captions of several images, equal
    letter by letter, tie in every model: against ``retrieval_metrics`` this tells what such captions cost, and it is
    the figure to hold against published ones.

    Args:
        similarity: [N, M].
        image_of_text: [M], the image each caption belongs to; every image has at least one.
    """
    own = _ownership(len(similarity), image_of_text)
    return RetrievalMetrics(_tie_broken_recall(similarity, own), _tie_broken_recall(similarity.T, own.T))


def _tie_broken_recall(scores: Matrix, own: npt.NDArray[np.bool_]) -> tuple[float, float, float]:
    """Expected recall at 1, 5 and 10 of the best own column per row."""
    best = np.where(own, scores, -np.inf).max(axis=1)[:, None]
    above = (scores > best).sum(axis=1)
    tied, tied_own = ((scores == best) & ~own).sum(axis=1), ((scores == best) & own).sum(axis=1)
    # the chance that at least n of the others come before the first own one, for n = 0, 1, …
    missed = np.ones((max(KS) + 1, len(scores)))
    for n in range(max(KS)):
        missed[n + 1] = missed[n] * np.maximum(tied - n, 0) / np.maximum(tied + tied_own - n, 1)
    first, second, third = (
        100.0 * float(1 - missed[np.clip(k - above, 0, None), np.arange(len(scores))].mean()) for k in KS
    )
    return first, second, third


def within_class_metrics(
    similarity: Matrix, image_of_text: npt.NDArray[np.int64], classes: npt.NDArray[np.str_]
) -> RetrievalMetrics:
    """Both ways with the gallery cut to the scene class of the query: what is left once the class is known.

    Args:
        similarity: [N, M].
        image_of_text: [M].
        classes: [N] scene class per image; images without a class ("") form one of their own.
    """
    to_text, to_image = [], []
    for name in np.unique(classes):
        rows = np.flatnonzero(classes == name)
        columns = np.flatnonzero(np.isin(image_of_text, rows))
        part = similarity[np.ix_(rows, columns)]
        owner = np.searchsorted(rows, image_of_text[columns])
        to_text.append(image_to_text_ranks(part, owner))
        to_image.append(text_to_image_ranks(part, owner))
    return _metrics(np.concatenate(to_text), np.concatenate(to_image))


def _ownership(images: int, image_of_text: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """[N, M], whether a caption is the image's own."""
    return np.asarray(image_of_text[None, :] == np.arange(images)[:, None])


def _metrics(to_text: Ranks, to_image: Ranks) -> RetrievalMetrics:
    first, second = ([recall_at_k(ranks, k) for k in KS] for ranks in (to_text, to_image))
    return RetrievalMetrics((first[0], first[1], first[2]), (second[0], second[1], second[2]))
