"""Which files of a folder are specs, in which order, and what is refused."""

from pathlib import Path

import pytest

from twinkeel.errors import UsageError
from twinkeel.spec.find_specs import MARKS, find_specs, is_several
from twinkeel.spec.model import ClusterSpec

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = {
        "b.yaml": "name: b\nload_balancers: {}\n",
        "a.yml": "# comment\n\nendpoint: {}\n",
        "broken.yaml": "name: [\ncontrol_plane:\n  x: {\n",
        "flow.yaml": "{name: c, load_balancers: {}}\n",
        "secrets.yaml": "vrrp_password: abc\n",
        "workflow.yaml": "name: ci\non: push\njobs: {}\n",
        ".twinkeel-audit.yaml": "ignore: []\n",
        "README.md": "load_balancers:\n",
        "deep/other.yaml": "load_balancers: {}\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_folder_s_specs_are_those_with_a_spec_s_keys_whether_valid_or_not(folder: Path) -> None:
    found = find_specs([folder])
    assert [path.name for path in found.specs] == ["a.yml", "b.yaml", "broken.yaml", "flow.yaml"]
    assert [path.name for path in found.left_out] == ["workflow.yaml"], "passwords are expected there, and not told of"


def test_files_and_folders_keep_the_command_line_s_order(folder: Path) -> None:
    other = folder / "deep/other.yaml"
    assert find_specs([other, folder]).specs[:2] == (other, folder / "a.yml")
    named = folder / "workflow.yaml"
    assert find_specs([named]).specs == (named,), "a file that is named is a spec, whatever it holds"


def test_the_same_file_twice_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="given twice"):
        find_specs([folder, folder / "b.yaml"])


def test_a_folder_without_a_spec_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text("vrrp_key: x\n")
    with pytest.raises(UsageError, match="holds no spec"):
        find_specs([tmp_path])


def test_more_than_one_file_and_any_folder_are_several(folder: Path) -> None:
    file = folder / "b.yaml"
    assert [is_several(given) for given in ([file], [file, file], [folder], [folder / "none.yaml"])] == [False, True, True, False]


def test_the_marks_are_keys_that_every_spec_has() -> None:
    assert all(ClusterSpec.model_fields[mark].is_required() for mark in MARKS)
    assert set(find_specs([EXAMPLES]).specs) == set(EXAMPLES.glob("*.yaml"))
