"""Draws that depend on the words they are made of and on nothing else: no person's story moves when another one is added.

Only `Random.random` is used: its sequence for a given text is the same in every version of Python, that of the other methods is not.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")
_BITS = 53


class Chance:
    """A stream of draws, named by words."""

    def __init__(self, *words: object) -> None:
        self.share = Random("\0".join(map(str, words))).random
        """A number from 0 up to, but without, 1."""

    def happens(self, probability: float) -> bool:
        """True with that probability."""
        return self.share() < probability

    def below(self, count: int) -> int:
        """A whole number from 0 to count - 1."""
        return int(self.share() * count)

    def between(self, low: float, high: float) -> float:
        """Evenly spread over [low, high)."""
        return low + (high - low) * self.share()

    def pick(self, values: Sequence[T]) -> T:
        """One of them, each with the same chance."""
        return values[self.below(len(values))]

    def weighted(self, values: Sequence[tuple[T, float]]) -> T:
        """One of (value, probability); the last where the probabilities leave a rest."""
        rest = self.share()
        for value, probability in values:
            rest -= probability
            if rest < 0:
                return value
        return values[-1][0]

    def exponential(self, mean: float) -> float:
        """A waiting time without memory."""
        return -mean * math.log(1.0 - self.share())

    def binomial(self, trials: int, probability: float) -> int:
        """How many of the trials succeed."""
        return sum(self.share() < probability for _ in range(trials))


def share_of(*words: object) -> float:
    """One draw from [0, 1), at a tenth of the price of a `Chance`: for questions that are put to each of very many events."""
    digest = hashlib.blake2b("\0".join(map(str, words)).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> (64 - _BITS)) / (1 << _BITS)
