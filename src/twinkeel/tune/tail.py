"""How often a delay is longer than some length, also longer than any that was seen. Pure; lengths and times are in seconds.

Two answers, of different worth:

- What was counted proves something whatever the delays are like: none in T seconds means fewer than 3.0 / T, with 95 % confidence
  (the rule of three), and n of them fewer than Poisson's upper limit for n. A year at most once cannot be proven in less than
  three years.
- Beyond that there is a model: of the longest delays each further millisecond leaves the same share, so their excess over a
  threshold is exponential (peaks over threshold with shape 0: S. Coles, An Introduction to Statistical Modeling of Extreme Values,
  2001, section 4). The 30 longest are taken, or as many of them, 10 at least, as do not contradict that. Where even
  ten do, one or two stick out: then the longest alone decides how slowly they become rarer. A free shape (the generalized Pareto
  distribution) is no help here, see docs/decisions/0014-what-tune-can-prove.md.

Neither knows of what did not happen while it was measured.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, inf, lgamma, log, sqrt

CONFIDENCE = 0.95
# How many make the tail. More of them reach down to the common, shorter kind of delays, and promise too much.
FEWEST = 10
MOST = 30
# Of all blocks, at most this share can be "the longest delays".
SHARE = 0.1
# Of the standard normal distribution, one-sided: the coefficient of variation of n exponential values is about 1 +- 1 / sqrt(n).
REJECT = 1.645


@dataclass(frozen=True)
class Tail:
    """The longest delays: `count` of them were longer than `over`, by `mean` on average, in `seconds` of measuring.

    `irregular`: a few stick out, so `mean` is not theirs, but one with which the longest would be an ordinary longest one.
    """

    over: float
    count: int
    mean: float
    seconds: float
    irregular: bool = False

    def rate(self, length: float) -> float:
        """How many a second are longer than `length` (not less than `over`), most likely."""
        return self.count / self.seconds * exp(-(length - self.over) / self.mean)

    def bound(self, length: float) -> float:
        """The same with the threshold's count and the mean each at its upper limit of 95 %."""
        longest_mean = self.mean * self.count / gamma_lower(self.count)
        return poisson_upper(self.count) / self.seconds * exp(-(length - self.over) / longest_mean)


def fit_tail(maxima: Sequence[float], seconds: float) -> Tail | None:
    """The tail of the longest delays of each block of time; None when there are fewer than a hundred blocks, or all are alike."""
    longest = sorted(maxima, reverse=True)
    most = min(MOST, int(len(longest) * SHARE))
    if most < FEWEST or longest[0] == longest[FEWEST]:
        return None
    for count in range(most, FEWEST - 1, -1):
        over = longest[count]
        excesses = [each - over for each in longest[:count]]
        mean = sum(excesses) / count
        if mean > 0 and _variation(excesses, mean) <= 1 + REJECT / sqrt(count):
            return Tail(over, count, mean, seconds)
    # The longest of n exponential values is 1 + 1/2 + ... + 1/n means long, on average.
    over = longest[FEWEST]
    return Tail(over, FEWEST, (longest[0] - over) / sum(1 / each for each in range(1, FEWEST + 1)), seconds, irregular=True)


def _variation(values: Sequence[float], mean: float) -> float:
    return sqrt(sum((each - mean) ** 2 for each in values) / (len(values) - 1)) / mean


def longer_than(ordered: Sequence[float], length: float) -> int:
    """How many of `ordered` (ascending) are longer."""
    return len(ordered) - bisect_right(ordered, length)


@cache
def poisson_upper(count: int) -> float:
    """The largest mean with which `count` events or fewer still come with 5 %: 3.0 for none."""
    return _root(lambda mean: _poisson(count, mean) - (1 - CONFIDENCE), count + 3.0)


@cache
def gamma_lower(count: int) -> float:
    """What the sum of `count` exponential values of mean 1 falls below with 5 %."""
    return _root(lambda length: _poisson(count - 1, length) - CONFIDENCE, float(count))


def _poisson(count: int, mean: float) -> float:
    """The chance of `count` events or fewer."""
    return sum(exp(number * log(mean) - mean - lgamma(number + 1)) for number in range(count + 1)) if mean > 0 else 1.0


def _root(falling: Callable[[float], float], guess: float) -> float:
    """Where a falling function is 0."""
    low, high = 0.0, guess
    while falling(high) > 0:
        low, high = high, high * 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2 if high < inf else inf
