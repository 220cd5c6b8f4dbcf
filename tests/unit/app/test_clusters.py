"""Many clusters: each is asked by itself; what hangs, fails or lies is one answer among the others."""

import asyncio
from pathlib import Path

import pytest

from twinkeel.app import clusters
from twinkeel.app.answered import Answered, refuse_same_names
from twinkeel.app.clusters import Opened, ask_each, open_clusters
from twinkeel.app.context import Context
from twinkeel.errors import HostError, SpecError, TwinkeelError, UsageError

from .conftest import EXAMPLE


def specs(folder: Path, *names: str) -> list[Path]:
    paths = [folder / f"{name}.yaml" for name in names]
    for path, name in zip(paths, names, strict=True):
        path.write_text(EXAMPLE.read_text().replace("name: lab-home\n", f"name: {name}\n"))
    return paths


def opened(folder: Path, *names: str) -> list[Opened]:
    return open_clusters(specs(folder, *names), lambda _: None)


def test_one_that_hangs_fails_or_lies_takes_no_answer_from_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def use_case(context: Context) -> str:
        if context.topology.name == "hangs":
            await asyncio.Event().wait()
        if context.topology.name == "fails":
            raise HostError("gone", where="lb-1")
        if context.topology.name == "lies":
            raise KeyError("files")
        return context.topology.name

    (tmp_path / "invalid.yaml").write_text("name: x\n")
    asked = opened(tmp_path, "one", "hangs", "fails", "lies", "two")
    asked += open_clusters([tmp_path / "invalid.yaml"], lambda _: None)
    found: list[Answered[str]] = asyncio.run(ask_each(asked, use_case, deadline=0.2))
    assert [each.name for each in found] == ["one", "hangs", "fails", "lies", "two", None]
    assert [each.result for each in found if isinstance(each.result, str)] == ["one", "two"]
    errors = {each.file.stem: each.result for each in found if isinstance(each.result, TwinkeelError)}
    assert errors["hangs"].what == "the cluster did not answer within 0.2 s"
    assert errors["fails"].where == "lb-1"
    assert errors["lies"].what == "this is a defect in Twinkeel, or what its hosts reported makes no sense (KeyError)"
    kept = Path(errors["lies"].where or "")
    assert 'raise KeyError("files")' in kept.read_text(), "a defect of ours must be found"
    assert kept.stat().st_mode & 0o077 == 0
    assert isinstance(errors["invalid"], SpecError)


def test_no_more_than_a_bounded_number_is_asked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "AT_ONCE", 2)
    running, most = 0, 0

    async def use_case(_: Context) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return 0

    asyncio.run(ask_each(opened(tmp_path, "a", "b", "c", "d", "e"), use_case, deadline=60))
    assert most == 2


def test_two_clusters_of_one_name_are_refused(tmp_path: Path) -> None:
    first, second = specs(tmp_path, "same", "other")
    second.write_text(first.read_text())
    with pytest.raises(UsageError, match="two specs name their cluster same") as caught:
        open_clusters([first, second], lambda _: None)
    assert (caught.value.where, caught.value.hint) == (str(second), f"the other one is {first}")
    refuse_same_names([(None, first), (None, second)])
