"""Rendered files byte for byte, and the real daemons' judgement of them.

`pytest tests/golden --update-golden` writes the copies anew; read the difference before committing it.
"""

from pathlib import Path

import judges
import pytest

from twinkeel.diagnostic import render_text
from twinkeel.render.files import RenderedFiles
from twinkeel.render.render import render
from twinkeel.render.systemd import LIVENESS_PROGRAM
from twinkeel.render.template import read
from twinkeel.source import SourceFile
from twinkeel.spec.load import Loaded, load
from twinkeel.topology.build import build

HERE = Path(__file__).parent
SPECS = {
    "lab-home": HERE.parents[1] / "examples/lab-home.yaml",
    "one-balancer": HERE / "specs/one-balancer.yaml",
    "steady-three-balancers": HERE / "specs/steady-three-balancers.yaml",
}
HOSTS = {
    "lab-home": ["lb-1", "lb-2"],
    "one-balancer": ["gate"],
    "steady-three-balancers": ["edge-a", "edge-b", "edge-c"],
}
EVERY_HOST = [(name, host) for name, hosts in HOSTS.items() for host in hosts]


def loaded(name: str) -> Loaded:
    return load(SourceFile(SPECS[name].name, SPECS[name].read_text()))


def rendered(name: str, trust: str = "verified") -> RenderedFiles:
    spec = loaded(name).spec
    assert spec is not None
    return render(build(spec, Path("/srv/cluster")), "bootstrap" if trust == "bootstrap" else "verified")


def on_host(name: str, host: str, path: str, trust: str = "verified") -> str:
    return next(file.content for file in rendered(name, trust).hosts[host] if file.path == path)


def as_tree(files: RenderedFiles) -> dict[str, str]:
    """Path below the golden folder -> content. The watchdog's program is the same everywhere and is compared elsewhere."""
    hosts = {
        f"hosts/{host}{file.path}": file for host, some in files.hosts.items() for file in some if file.path != LIVENESS_PROGRAM
    }
    every = {**hosts, **{f"kubespray/{file.path}": file for file in files.kubespray}}
    return {path: file.content for path, file in every.items()}


@pytest.mark.parametrize("name", SPECS)
def test_rendered_files_are_the_golden_ones(name: str, request: pytest.FixtureRequest) -> None:
    folder, tree = HERE / name, as_tree(rendered(name))
    if request.config.getoption("--update-golden"):
        for path, content in tree.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)
    golden = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert tree == golden


def test_the_program_is_installed_as_it_lies_in_the_package() -> None:
    assert on_host("lab-home", "lb-1", LIVENESS_PROGRAM) == read("haproxy-liveness")


def test_what_check_says_of_each_spec() -> None:
    said = {name: [render_text(item, loaded(name).source).splitlines()[0] for item in loaded(name).diagnostics] for name in SPECS}
    assert said == {
        "lab-home": [],
        "one-balancer": [
            "one-balancer.yaml:5:1: warning[S033]: one load balancer: the API is unreachable while it is down",
        ],
        "steady-three-balancers": [],
    }


@pytest.mark.parametrize("trust", ["verified", "bootstrap"])
@pytest.mark.parametrize(("name", "host"), EVERY_HOST)
def test_haproxy_accepts_its_file(name: str, host: str, trust: str, tmp_path: Path) -> None:
    assert judges.haproxy(on_host(name, host, "/etc/haproxy/haproxy.cfg", trust), tmp_path) == judges.ACCEPTED


@pytest.mark.parametrize(("name", "host"), EVERY_HOST)
def test_keepalived_accepts_its_file(name: str, host: str, tmp_path: Path) -> None:
    assert judges.keepalived(on_host(name, host, "/etc/keepalived/keepalived.conf"), tmp_path) == judges.ACCEPTED


UNITS = {
    "haproxy.service": "[Service]\nType=notify\nExecStart=/bin/true\n",
    "keepalived.service": "[Service]\nType=notify\nExecStart=/bin/true\n",
    "twinkeel-liveness.service": None,
}


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_accepts_its_files(unit: str, tmp_path: Path) -> None:
    packaged = UNITS[unit]
    if packaged is None:
        opinion = judges.systemd(on_host("lab-home", "lb-1", f"/etc/systemd/system/{unit}"), None, unit, tmp_path)
    else:
        opinion = judges.systemd(
            packaged, on_host("lab-home", "lb-1", f"/etc/systemd/system/{unit}.d/twinkeel.conf"), unit, tmp_path
        )
    assert opinion == judges.ACCEPTED


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("maxconn 8000", "maxcon 8000", "unknown keyword 'maxcon'"),
        ("    timeout client 1h\n", "", "missing timeouts"),
        ("http-check expect status 200", "http-check expect status 2oo", "status"),
    ],
)
def test_the_judge_of_haproxy_is_strict(old: str, new: str, complaint: str, tmp_path: Path) -> None:
    good = on_host("lab-home", "lb-1", "/etc/haproxy/haproxy.cfg")
    assert old in good
    opinion = judges.haproxy(good.replace(old, new), tmp_path)
    assert complaint in "\n".join(opinion.complaints)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("advert_int 0.1", "advert_intt 0.1", "Unknown keyword 'advert_intt'"),
        ("unicast_ttl 255", "unicast_ttl 256", "'256' outside range"),
        ("script_user nobody", "script_user nosuchuser", "script"),
        ("virtual_router_id 121", "virtual_router_id 0", "VRID"),
    ],
)
def test_the_judge_of_keepalived_is_strict(old: str, new: str, complaint: str, tmp_path: Path) -> None:
    good = on_host("lab-home", "lb-1", "/etc/keepalived/keepalived.conf")
    assert old in good
    opinion = judges.keepalived(good.replace(old, new), tmp_path)
    assert complaint in "\n".join(opinion.complaints)


def test_the_judge_of_systemd_is_strict(tmp_path: Path) -> None:
    drop_in = on_host("lab-home", "lb-1", "/etc/systemd/system/haproxy.service.d/twinkeel.conf")
    broken = drop_in.replace("RestartSec=", "RestartSecond=")
    opinion = judges.systemd(UNITS["haproxy.service"] or "", broken, "haproxy.service", tmp_path)
    assert "RestartSecond" in "\n".join(opinion.complaints)
