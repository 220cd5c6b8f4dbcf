"""What a bench does around its drills: our own profiles, and an end that an interrupt does not break off."""

import asyncio
from pathlib import Path

import pytest

from twinkeel.app.bench import variants
from twinkeel.bench.run import _to_the_end
from twinkeel.cli.load import open_context

SPEC = Path(__file__).parents[3] / "examples/lab-home.yaml"


def test_our_profiles_are_without_the_specs_own_timers(tmp_path: Path) -> None:
    file = tmp_path / "twinkeel.yaml"
    text = SPEC.read_text().replace("profile: fast", "profile: steady, advert_interval: 0.5, check_fall: 7")
    assert "check_fall" in text
    file.write_text(text)
    context = open_context(file)
    own, ours = context.topology, variants(context)
    intervals = {name: each.load_balancers[0].instances[0].advert_interval for name, each in ours.items()}
    assert intervals == {"twinkeel-fast": 0.07, "twinkeel-steady": 1.0}
    assert {name: each.timers.check_fall for name, each in ours.items()} == {"twinkeel-fast": 2, "twinkeel-steady": 3}
    assert (own.load_balancers[0].instances[0].advert_interval, own.timers.check_fall) == (0.5, 7)


def test_putting_ours_back_outlives_an_interrupt() -> None:
    done: list[str] = []

    async def put_back(going: asyncio.Event, go_on: asyncio.Event) -> None:
        going.set()
        await go_on.wait()
        done.append("back")

    async def run() -> None:
        going, go_on = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(_to_the_end(put_back(going, go_on)))
        await going.wait()
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert done == ["back"]
