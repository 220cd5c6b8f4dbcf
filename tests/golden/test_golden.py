"""Rendered files byte for byte, and the real daemons' judgement of them.

`pytest tests/golden --update-golden` writes the copies anew; read the difference before committing it. Another release of the
daemons, and the firewalls' checkers, judge the same copies in tests/checkers.
"""

import os
from functools import cache
from pathlib import Path

import judges
import pytest

from twinkeel.diagnostic import render_text
from twinkeel.render import validate
from twinkeel.render.announce import ANNOUNCE_PROGRAM
from twinkeel.render.files import RenderedFiles
from twinkeel.render.frr import CONFIG_PATH as FRR
from twinkeel.render.haproxy import CONFIG_PATH as HAPROXY
from twinkeel.render.haproxy import Trust
from twinkeel.render.keepalived import CONFIG_PATH as KEEPALIVED
from twinkeel.render.monitoring import METRICS_PROGRAM
from twinkeel.render.render import render
from twinkeel.render.systemd import LINGER_PROGRAM, LIVENESS_PROGRAM
from twinkeel.render.template import read
from twinkeel.source import SourceFile
from twinkeel.spec.load import Loaded, load
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.build import build

HERE = Path(__file__).parent
SPECS = {path.stem: path for path in [HERE.parents[1] / "examples/lab-home.yaml", *sorted((HERE / "specs").glob("*.yaml"))]}
PASSWORDS = Secrets("g0lden:1", "golden", "601de2" * 11, "golden")
CHECKERS = {"haproxy", "keepalived"}


@cache
def loaded(name: str) -> Loaded:
    return load(SourceFile(SPECS[name].name, SPECS[name].read_text()))


@cache
def rendered(name: str, trust: Trust = "verified") -> RenderedFiles:
    spec = loaded(name).spec
    assert spec is not None
    return render(build(spec, Path("/srv/cluster")), trust, PASSWORDS)


def on_host(name: str, host: str, path: str, trust: Trust = "verified") -> str:
    return next(file.content for file in rendered(name, trust).hosts[host] if file.path == path)


def as_tree(files: RenderedFiles) -> dict[str, str]:
    """Path below the golden folder -> content. Our programs are the same everywhere and are compared elsewhere."""
    programs = (LIVENESS_PROGRAM, LINGER_PROGRAM, METRICS_PROGRAM, ANNOUNCE_PROGRAM)
    hosts = {f"hosts/{host}{file.path}": file for host, some in files.hosts.items() for file in some if file.path not in programs}
    every = {**hosts, **{f"kubespray/{file.path}": file for file in files.kubespray}}
    return {path: file.content for path, file in every.items()}


def update(folder: Path, tree: dict[str, str]) -> None:
    for path in [path for path in folder.rglob("*") if path.is_file() and str(path.relative_to(folder)) not in tree]:
        path.unlink()
    for name, content in tree.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


@pytest.mark.parametrize("name", SPECS)
def test_rendered_files_are_the_golden_ones(name: str, request: pytest.FixtureRequest) -> None:
    folder, tree = HERE / name, as_tree(rendered(name))
    if request.config.getoption("--update-golden"):
        update(folder, tree)
    golden = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert tree == golden


def test_no_golden_folder_is_left_of_a_spec_that_went() -> None:
    assert {path.name for path in HERE.iterdir() if path.is_dir()} - {"specs", "__pycache__"} == set(SPECS)


def test_the_program_is_installed_as_it_lies_in_the_package() -> None:
    assert on_host("lab-home", "lb-1", LIVENESS_PROGRAM) == read("haproxy-liveness")
    assert on_host("bgp", "lb-1", ANNOUNCE_PROGRAM) == read("announce")
    assert on_host("dual-stack", "lb-1", LINGER_PROGRAM) == read("second-chance")
    assert on_host("monitored", "lb-1", METRICS_PROGRAM) == read("metrics")


def test_what_check_says_of_each_spec() -> None:
    said = {name: [render_text(item, loaded(name).source).splitlines()[0] for item in loaded(name).diagnostics] for name in SPECS}
    assert {name: [line.split(": ")[1] for line in lines] for name, lines in said.items() if lines} == {
        "multicast-ufw": ["warning[S070]"],
        "one-balancer": ["warning[S033]"],
        "vrrp2-password": ["warning[S074]"],
    }


@pytest.mark.parametrize("name", SPECS)
def test_the_daemons_accept_their_files(name: str) -> None:
    if not set(validate.installed()) >= CHECKERS:
        pytest.skip("haproxy and keepalived are not both installed")
    trusts: tuple[Trust, ...] = ("verified", "bootstrap")
    # Most files are the same whom HAProxy trusts, and some on every host: each is judged once.
    files = {(file.path, file.content) for trust in trusts for some in rendered(name, trust).hosts.values() for file in some}
    assert {path for path, _ in files} >= {HAPROXY, FRR if name.startswith("bgp") else KEEPALIVED}
    assert [complaint for path, content in sorted(files) for complaint in validate.validate_file(path, content)] == []


def test_the_daemons_read_their_files_whatever_our_umask_is() -> None:
    if not set(validate.installed()) >= CHECKERS:
        pytest.skip("haproxy and keepalived are not both installed")
    before = os.umask(0o077)
    try:
        assert validate.validate_files(rendered("lab-home")) == ()
    finally:
        os.umask(before)


UNITS = {
    ("lab-home", "haproxy.service"): "[Service]\nType=notify\nExecStart=/bin/true\n",
    ("lab-home", "keepalived.service"): "[Service]\nType=notify\nExecStart=/bin/true\n",
    ("lab-home", "twinkeel-liveness.service"): None,
    ("dual-stack", "twinkeel-firewall.service"): None,
    ("multicast-ufw", "twinkeel-firewall.service"): None,
    ("dual-stack", "keepalived.service"): "[Service]\nType=notify\nExecStart=/bin/true\n",
    ("dual-stack", "twinkeel-second-chance.service"): None,
    ("dual-stack", "twinkeel-linger.service"): None,
    ("dual-stack", "twinkeel-linger-at-shutdown.service"): None,
    ("bgp", "frr.service"): "[Service]\nType=forking\nExecStart=/bin/true\n",
    ("bgp", "twinkeel-announce.service"): None,
    ("bgp", "twinkeel-firewall.service"): None,
    ("monitored", "twinkeel-metrics.service"): None,
    ("bgp", "twinkeel-metrics.service"): None,
    ("monitored", "twinkeel-liveness.service"): None,
}


@pytest.mark.parametrize(("name", "unit"), UNITS)
def test_systemd_accepts_its_files(name: str, unit: str, tmp_path: Path) -> None:
    packaged, path = UNITS[name, unit], f"/etc/systemd/system/{unit}"
    if packaged is None:
        assert judges.systemd(on_host(name, "lb-1", path), None, unit, tmp_path) == []
    else:
        assert judges.systemd(packaged, on_host(name, "lb-1", f"{path}.d/twinkeel.conf"), unit, tmp_path) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "complaint"),
    [
        (HAPROXY, "maxconn 8000", "maxcon 8000", "unknown keyword 'maxcon'"),
        (HAPROXY, "    timeout client 1h\n", "", "missing timeouts"),
        (HAPROXY, "http-check expect status 200", "http-check expect status 2oo", "status"),
        (HAPROXY, "check-ssl verify required ca-file /etc", "check-ssl verify required ca-file /nowhere", "ca-file"),
        (KEEPALIVED, "advert_int 0.07", "advert_intt 0.07", "Unknown keyword 'advert_intt'"),
        (KEEPALIVED, "unicast_ttl 255", "unicast_ttl 256", "'256' outside range"),
        (KEEPALIVED, "script_user nobody", "script_user nosuchuser", "script"),
        (KEEPALIVED, "virtual_router_id 121", "virtual_router_id 0", "VRID"),
    ],
)
def test_the_judges_are_strict(path: str, old: str, new: str, complaint: str) -> None:
    if not set(validate.installed()) >= CHECKERS:
        pytest.skip("haproxy and keepalived are not both installed")
    good = on_host("lab-home", "lb-1", path)
    assert old in good
    said = validate.validate_file(path, good.replace(old, new), host="lb-1")
    assert complaint in "\n".join(item.text for item in said)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (" neighbor 10.0.0.1 timers connect 2", " neighbor 10.0.0.1 timers conect 2", "timers conect 2"),
        ("  detect-multiplier 4", "  detect-multiplier 400", "detect-multiplier 400"),
        ("  network 192.0.2.10/32", "  network 192.0.2.10/33", "network 192.0.2.10/33"),
    ],
)
def test_the_judge_of_frr_is_strict(old: str, new: str, line: str) -> None:
    if "vtysh" not in validate.installed():
        pytest.skip("frr is not installed")
    good = on_host("bgp", "lb-1", FRR)
    assert old in good
    (said,) = validate.validate_file(FRR, good.replace(old, new), host="lb-1")
    assert line in said.text
    assert said.line == good[: good.index(old)].count("\n") + 1


def test_the_judge_of_systemd_is_strict(tmp_path: Path) -> None:
    drop_in = on_host("lab-home", "lb-1", "/etc/systemd/system/haproxy.service.d/twinkeel.conf")
    broken = drop_in.replace("RestartSec=", "RestartSecond=")
    said = judges.systemd(UNITS["lab-home", "haproxy.service"] or "", broken, "haproxy.service", tmp_path)
    assert "RestartSecond" in "\n".join(said)
