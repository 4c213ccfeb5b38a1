"""From which strength on a word is said to be seen, told by how strong it is over the collection.

Words differ in how far they rise over what the model sees of them anywhere: "forest" reaches 0.1 in half of all
images without a forest, "tanks" in hardly any without tanks. So every word has a border of its own, half-way between
an ordinary image of the collection and its best ones, and kept within limits for collections that show the thing
everywhere or nowhere.

Measured with the shipped model over the 36 things that captions of the demo collection name, mean of the words: 90 %
of the images whose captions name a thing reach its border, and 8.6 % of the others (91 and 14.7 % with one border of
0.15 for all, 87 and 10.8 % with one of 0.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from faami_core.types import FloatArray, QueryWord

_SAMPLE = 64  # images, an eighth of the shortlist's work; with four times as many the borders move by 0.02 on average
_BEST = 0.98  # quantile of the best images; the very best may be a stray
_LOWEST, _HIGHEST = 0.05, 0.3  # where nothing is there to be found, and where everything shows it


def even_sample(gallery_size: int) -> npt.NDArray[np.intp]:
    """Gallery indices spread evenly over the paths: the same at every search, whatever is found."""
    return np.unique(np.linspace(0, gallery_size - 1, min(_SAMPLE, gallery_size)).round().astype(np.intp))


def calibrated(words: Sequence[QueryWord], evidence: FloatArray) -> tuple[QueryWord, ...]:
    """The words with the border that a sample of the collection gives them.

    Args:
        words: L words of the query.
        evidence: [S, L] evidence of each word in S images of the collection.
    """
    return tuple(
        replace(word, matched_from=_border(evidence[:, index] / np.float32(word.weight))) if word.weight else word
        for index, word in enumerate(words)
    )


def _border(strengths: FloatArray) -> float:
    sound = strengths[np.isfinite(strengths)]
    if sound.size == 0:
        return _LOWEST
    ordinary, best = np.quantile(sound, (0.5, _BEST)).tolist()
    return float(np.clip((ordinary + best) / 2, _LOWEST, _HIGHEST))
