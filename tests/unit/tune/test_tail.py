"""How often something longer comes: known distributions with a fixed seed, and the limits of textbooks."""

from math import exp, log
from random import Random

import pytest

from twinkeel.tune.tail import fit_tail, gamma_lower, longer_than, poisson_upper

SECONDS = 200.0
BLOCKS = 2000


def exponential(seed: int, mean: float = 0.001) -> list[float]:
    random = Random(seed)  # noqa: S311 - no secret
    return [random.expovariate(1 / mean) for _ in range(BLOCKS)]


# Tables of the chi-squared distribution: half of its quantile for 2n + 2, and for 2n degrees of freedom.
@pytest.mark.parametrize(("count", "limit"), [(0, 2.996), (1, 4.744), (2, 6.296), (10, 16.962), (100, 118.08)])
def test_the_upper_limit_of_a_count(count: int, limit: float) -> None:
    assert poisson_upper(count) == pytest.approx(limit, rel=1e-3)


@pytest.mark.parametrize(("count", "limit"), [(1, 0.0513), (10, 5.425), (100, 84.14)])
def test_the_lower_limit_of_a_sum(count: int, limit: float) -> None:
    assert gamma_lower(count) == pytest.approx(limit, rel=1e-3)


def test_limits_of_counts_that_are_large() -> None:
    assert 5000 < poisson_upper(5000) < 5000 + 3 * 5000**0.5
    assert 5000 - 3 * 5000**0.5 < gamma_lower(5000) < 5000


def test_an_exponential_tail_is_found_again() -> None:
    tail = fit_tail(exponential(1), SECONDS)
    assert tail is not None
    assert tail.mean == pytest.approx(0.001, rel=0.5)
    # Ten means out, beyond everything that a sample of 2000 holds.
    assert tail.bound(0.010) >= BLOCKS / SECONDS * exp(-10)
    assert tail.rate(0.010) < tail.bound(0.010)


def test_the_bound_holds_in_about_95_of_100_measurements() -> None:
    """Of 1500 it holds in 94 to 95 %, fifteen means out; of a hundred it may be a few less."""
    truth = BLOCKS / SECONDS * exp(-15)
    tails = [fit_tail(exponential(seed), SECONDS) for seed in range(100)]
    assert sum(tail is not None and tail.bound(0.015) >= truth for tail in tails) >= 91


def test_a_rare_second_kind_of_delay_is_what_the_tail_goes_on_with() -> None:
    """Jitter of microseconds, and a hypervisor's stalls of 5 ms: the common kind must not decide about the rare one."""
    held = 0
    for seed in range(100):
        random = Random(seed)  # noqa: S311 - no secret
        common = [random.expovariate(1 / 0.00005) for _ in range(BLOCKS)]
        stalls = [0.002 + random.expovariate(1 / 0.005) for _ in range(35)]
        tail = fit_tail([*common, *stalls], SECONDS)
        held += tail is not None and tail.bound(0.060) >= len(stalls) / SECONDS * exp(-0.058 / 0.005)
    assert held >= 91


def test_the_order_does_not_matter() -> None:
    values = exponential(3)
    assert fit_tail(values, SECONDS) == fit_tail(sorted(values), SECONDS)


def test_too_few_values_have_no_tail() -> None:
    assert fit_tail(exponential(1)[:99], SECONDS) is None
    assert fit_tail([], SECONDS) is None


def test_values_that_are_all_alike_have_no_tail() -> None:
    assert fit_tail([0.001] * BLOCKS, SECONDS) is None


def test_one_that_sticks_out_decides_alone() -> None:
    """Twenty-four milliseconds once, where all others stay below one."""
    calm = exponential(2, mean=0.0001)
    usual, found = fit_tail(calm, SECONDS), fit_tail([*calm, 0.024], SECONDS)
    assert usual is not None
    assert found is not None
    assert (usual.irregular, found.irregular) == (False, True)
    assert found.mean == pytest.approx(0.0235 / 2.929, rel=0.05)
    assert found.bound(0.040) > 1000 * usual.bound(0.040)
    # As an ordinary longest one of ten, it is expected about once in what was measured.
    assert 0.2 < found.rate(0.024) * SECONDS < 2


def test_values_of_a_power_law_are_not_taken_for_exponential_ones() -> None:
    """A Pareto distribution of shape 1: each further power of ten is only ten times rarer."""
    irregular = 0
    for seed in range(50):
        random = Random(seed)  # noqa: S311 - no secret
        tail = fit_tail([0.0001 / (1 - random.random()) for _ in range(BLOCKS)], SECONDS)
        assert tail is not None
        irregular += tail.irregular
        # Far out: nothing is concluded from the common values, which are ten thousand times more.
        assert tail.over > 0.002
    assert irregular > 5


def test_longer_means_longer() -> None:
    assert [longer_than([1.0, 2.0, 2.0, 3.0], each) for each in (0.5, 2.0, 3.0)] == [4, 1, 0]


def test_the_rule_of_three() -> None:
    assert poisson_upper(0) == pytest.approx(-log(0.05))
