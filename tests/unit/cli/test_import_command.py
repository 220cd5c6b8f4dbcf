"""`twinkeel import` as a user runs it: output, exit codes, files, and no secret anywhere but in the secrets file."""

import json
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "audit"))

from foreign_pairs import write_pair

from twinkeel.bench.peer_files import PASSWORD
from twinkeel.cli.main import main
from twinkeel.cli.show_import import TITLES, in_braces

ROOT = Path(__file__).parents[3]
ADDRESSES = ("--load-balancer", "lb-1=192.168.1.111", "--load-balancer", "lb-2=192.168.1.112")


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Result]


@pytest.fixture
def twinkeel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """The command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["twinkeel", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return Result(int(ended.value.code or 0), output.out, output.err)

    return run


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    write_pair("seed", tmp_path / "seed")
    return tmp_path / "seed"


def test_the_spec_goes_to_standard_output_and_the_list_to_standard_error(twinkeel: Run, seed: Path) -> None:
    result = twinkeel("import", "seed/lb-1", "seed/lb-2", *ADDRESSES)
    assert result.returncode == 0
    Path("twinkeel.yaml").write_text(result.stdout)
    assert twinkeel("check").returncode == 0
    assert "seed/{lb-1,lb-2}/etc/haproxy/haproxy.cfg:14: balance roundrobin\n" in result.stderr
    assert (
        "vrrp_password: the pair has it (seed/lb-1/etc/keepalived/keepalived.conf:19:9): write it to secrets.yaml" in result.stderr
    )
    assert result.stderr.rstrip().endswith("twinkeel plan   shows what would change on the hosts, as a diff; changes nothing")
    assert PASSWORD not in result.stdout + result.stderr
    assert sorted(path.name for path in Path().iterdir()) == ["seed", "twinkeel.yaml"]


def test_with_a_file_the_secrets_are_kept_beside_it(twinkeel: Run, seed: Path) -> None:
    result = twinkeel("import", "seed", *ADDRESSES, "-o", "new.yaml")
    assert result.returncode == 0
    assert "name: imported" in Path("new.yaml").read_text()
    assert "twinkeel plan -f new.yaml" in result.stdout
    assert result.stderr == ""
    assert stat.S_IMODE(Path("secrets.yaml").stat().st_mode) == 0o600
    assert f'vrrp_password: "{PASSWORD}"' in Path("secrets.yaml").read_text()
    assert PASSWORD not in result.stdout
    assert twinkeel("render", "-f", "new.yaml", "-o", "out").returncode == 0


def test_nothing_is_overwritten(twinkeel: Run, seed: Path) -> None:
    Path("new.yaml").write_text("mine")
    result = twinkeel("import", "seed", *ADDRESSES, "-o", "new.yaml")
    assert (result.returncode, Path("new.yaml").read_text()) == (2, "mine")
    secrets = Path("secrets.yaml")
    secrets.write_text('vrrp_password: "another"\n')
    secrets.chmod(0o600)
    result = twinkeel("import", "seed", *ADDRESSES, "-o", "other.yaml")
    assert result.returncode == 2
    assert "add vrrp_password there by hand" in result.stderr
    assert (secrets.read_text(), Path("other.yaml").exists()) == ('vrrp_password: "another"\n', False)
    secrets.write_text(f'vrrp_password: "{PASSWORD}"\n')
    assert twinkeel("import", "seed", *ADDRESSES, "-o", "other.yaml").returncode == 0


def test_json_has_the_list_and_the_comparison(twinkeel: Run, seed: Path) -> None:
    result = twinkeel("import", "seed", *ADDRESSES, "--format", "json", "--diff")
    told = json.loads(result.stdout)
    assert result.returncode == 0
    assert list(told) == [
        *("spec", "assumed", "not_carried", "secrets", "file", "valid", "diagnostics", "notes", "differences", "next"),
    ]
    (balance,) = [each for each in told["not_carried"] if each["text"] == "balance roundrobin"]
    assert (balance["line"], balance["column"], balance["instead"]) == (14, 5, "`balance leastconn`")
    assert [each["line"] for each in balance["also"]] == [14]
    effects = {each["text"]: each["effect"] for each in told["not_carried"]}
    assert effects["balance roundrobin"] == effects["weight -2"] == "replaced"
    assert effects["option httpchk GET /healthz"] == "lost"
    assert effects["vrrp_instance VI_1"] == effects["frontend kubernetes-frontend"] == "renamed"
    assert told["secrets"][0]["key"] == "vrrp_password"
    assert told["next"] == ["twinkeel check", "twinkeel plan"]
    better = {(each["before"], each["after"]): each["rules"] for each in told["differences"]["better"]}
    assert better["balance roundrobin", "balance leastconn"] == ["uneven-balance"]
    assert better["", "hard-stop-after 10m"] == ["no-hard-stop-after"]
    assert PASSWORD not in result.stdout


def test_what_is_lost_comes_first_and_every_line_once(twinkeel: Run, seed: Path) -> None:
    result = twinkeel("import", "seed", *ADDRESSES)
    titles = [line for line in result.stderr.splitlines() if line.startswith(("Lost", "Replaced", "The same", "Not carried"))]
    assert [title.split(":")[0] for title in titles] == ["Not carried over", *(title.split(":")[0] for title in TITLES.values())]
    assert int(titles[0].split()[3]) == sum(int(title.rsplit(":", 1)[1]) for title in titles[1:])
    assert "  seed/{lb-1,lb-2}/etc/haproxy/haproxy.cfg:11: option httpchk GET /healthz" in result.stderr


@pytest.mark.parametrize(
    ("places", "shown"),
    [
        (["a/lb-1/x:2", "a/lb-2/x:2"], "a/{lb-1,lb-2}/x:2"),
        (["a/lb-1/x:2", "a/lb-2/x:3"], "a/lb-1/x:2, a/lb-2/x:3"),
        (["a/lb-1/x:2", "b/lb-2/x:2"], "a/lb-1/x:2, b/lb-2/x:2"),
        (["lb-1.cfg:2", "lb-2.cfg:2"], "lb-1.cfg:2, lb-2.cfg:2"),
        (["a/lb-1/x:2"], "a/lb-1/x:2"),
    ],
)
def test_the_same_line_of_several_hosts(places: list[str], shown: str) -> None:
    assert in_braces(places) == shown


def test_a_spec_that_check_refuses_is_shown_and_ends_in_1(twinkeel: Run, seed: Path) -> None:
    for path in seed.rglob("haproxy.cfg"):
        path.write_text("".join(line for line in path.read_text().splitlines(True) if "master-3" not in line))
    result = twinkeel("import", "seed", *ADDRESSES)
    assert result.returncode == 1
    assert "master-2" in result.stdout
    assert "error[S031]" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no files were named"),
        (("nowhere",), "there is no such file or folder"),
        (("empty",), "nothing to import: no haproxy.cfg"),
        (("seed",), "the files do not say: the IPv4 address of lb-1; the IPv4 address of lb-2"),
        (("seed", *ADDRESSES, "--name", "A B"), "'A B' cannot be this value of a spec: String should match pattern"),
        (("seed", "--load-balancer", "lb-1"), "--load-balancer lb-1 is not NAME=ADDRESS"),
        (("seed", "--vip", "192.168.1.110"), "--vip 192.168.1.110 is not ADDRESS/PREFIX"),
        (("seed", "--load-balancer", "lb-9=192.168.1.9"), "a load balancer called lb-9"),
        (("seed", *ADDRESSES, "--frontend", "nope"), "a frontend called nope"),
        (("seed", *ADDRESSES, "--vip", "10.9.9.9/24"), "the virtual IP 10.9.9.9"),
        (("seed", *ADDRESSES, "--control-plane", "nobody=10.0.0.1"), "a server called nobody"),
        (("seed", *ADDRESSES, "--inventory", "empty"), "there is no inventory"),
        (("seed", *ADDRESSES, "-o", "no/where.yaml"), "there is no such folder"),
    ],
)
def test_wrong_usage_says_what_and_ends_in_2(twinkeel: Run, seed: Path, arguments: tuple[str, ...], message: str) -> None:
    Path("empty").mkdir()
    result = twinkeel("import", *arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("example", ["lab-home", "ingress", "co-located", "dual-stack"])
def test_what_render_writes_comes_back_as_it_was(twinkeel: Run, example: str) -> None:
    assert twinkeel("render", "-f", str(ROOT / f"examples/{example}.yaml"), "-o", "out").returncode == 0
    result = twinkeel("import", *map(str, sorted(Path("out/hosts").iterdir())), "--inventory", "out/kubespray", "-o", "back.yaml")
    assert result.returncode == 0
    assert "Not carried over: nothing." in result.stdout
    assert twinkeel("render", "-f", "back.yaml", "-o", "again").returncode == 0
    assert texts(Path("again")) == texts(Path("out"))


def texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


INI = """\
[all]
m1 ansible_host=192.168.1.101 ip=192.168.1.101
m2 ansible_host=192.168.1.103 ip=192.168.1.103
m3 ansible_host=192.168.1.105 ip=192.168.1.105
w1 ansible_host=192.168.1.115 ip=192.168.1.115
spare ansible_host=192.168.1.199

[kube_control_plane]
m[1:3]

[etcd:children]
kube_control_plane

[kube_node]
w1

[storage]
w1
"""


def test_an_inventory_in_ini_form_brings_names_and_workers(twinkeel: Run, seed: Path) -> None:
    Path("inventory.ini").write_text(INI)
    result = twinkeel("import", "seed/lb-1", "seed/lb-2", *ADDRESSES, "--inventory", "inventory.ini")
    assert result.returncode == 0, result.stderr
    assert "  m1: 192.168.1.101\n" in result.stdout
    assert "workers: {w1: 192.168.1.115}" in result.stdout or "  w1: 192.168.1.115\n" in result.stdout
    # What the spec cannot say: a group of its own, a host that has no role.
    assert "inventory.ini:18: storage" in result.stderr
    assert "inventory.ini:6: spare" in result.stderr


def test_a_secrets_file_that_lies_around_is_nobodys_business_without_an_output(twinkeel: Run, seed: Path) -> None:
    Path("secrets.yaml").write_text("vrrp_password: x\n")
    Path("secrets.yaml").chmod(0o644)
    assert twinkeel("import", "seed/lb-1", "seed/lb-2", *ADDRESSES).returncode == 0
