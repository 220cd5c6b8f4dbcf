"""`twinkeel audit --host` and `twinkeel import --host`: two live hosts behind real SSH servers on loopback."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest

LOOPBACK = "127.0.0.1"
HAPROXY = """\
global
    log /dev/log local0
    user haproxy
    group haproxy
    hard-stop-after 10m
"""
PROXIES = """\
frontend api
    mode tcp
    bind *:6443
    timeout client 1h
    default_backend api
backend api
    mode tcp
    timeout connect 1s
    timeout server 1h
    option ssl-hello-chk
    server cp-1 10.0.0.1:6443 check
"""
KEEPALIVED = """\
global_defs {
}
include conf.d/*.conf
include conf.d/missing.conf
"""
INSTANCE = """\
vrrp_script chk {
    script "%(root)s/opt/check.sh"
    interval 2
}
@%(id)s vrrp_instance api {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    virtual_ipaddress {
        10.0.0.10/24
    }
    track_script {
        chk
    }
    notify_master "/bin/sh %(root)s/opt/notify.sh"
    notify_fault %(root)s/opt/gone.sh
}
@elsewhere vrrp_instance other {
    virtual_router_id 1
}
"""
SYSTEMCTL = """\
#!/bin/sh
echo LoadState=loaded
case $* in
*haproxy.service) cat <<'END'
ExecStart={{ path=/usr/sbin/haproxy ; argv[]=/usr/sbin/haproxy -Ws -f $CONFIG -f ${{DIR}} $EXTRAOPTS ; ignore_errors=no ; }}
Environment=CONFIG=/nowhere PIDFILE=/run/haproxy.pid "EXTRAOPTS=-S /run/haproxy-master.sock"
EnvironmentFiles={root}/etc/default/haproxy (ignore_errors=yes)
EnvironmentFiles=/none (ignore_errors=yes)
END
;;
*keepalived.service) cat <<'END'
ExecStart={{ path=/usr/sbin/keepalived ; argv[]=/usr/sbin/keepalived -n --use-file={root}/etc/k.conf -i one ; ignore_errors=no ; }}
END
;;
esac
"""
FILES = {
    "etc/default/haproxy": '# Defaults\nCONFIG="{root}/etc/main.cfg"\nDIR={root}/etc/conf.d\n',
    "etc/main.cfg": HAPROXY.replace("{", "{{"),
    "etc/conf.d/10-proxies.cfg": PROXIES,
    "etc/conf.d/notes.txt": "frontend no\n",
    "etc/k.conf": KEEPALIVED,
}


def host_tree(root: Path, script: str = "#!/bin/sh\ncurl -s http://localhost:6443/\n") -> None:
    """A host's files below a folder; bin/ goes before its PATH."""
    files = {name: text.replace("{root}", str(root)) for name, text in FILES.items()}
    files["etc/main.cfg"] = HAPROXY
    files["etc/conf.d/vrrp.conf"] = INSTANCE % {"root": root, "id": "one"}
    files["opt/check.sh"] = script
    files["opt/notify.sh"] = "#!/bin/sh\nexit 0\n"
    files["bin/systemctl"] = SYSTEMCTL.format(root=root)
    files["bin/sudo"] = '#!/bin/sh\n[ "$1 $2" = "-n --" ] || exit 1\nshift 2\nexec "$@"\n'
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name in ("systemctl", "sudo"):
        (root / "bin" / name).chmod(0o755)


@asynccontextmanager
async def serve(root: Path, folder: Path, asked: list[str]) -> AsyncIterator[int]:
    """An SSH server whose commands find the tree's own programs first; its port."""

    async def shell(process: asyncssh.SSHServerProcess[bytes]) -> None:
        asked.append(str(process.command))
        child = await asyncio.create_subprocess_shell(
            f"exec {process.command}",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PATH": f"{root}/bin:{os.environ['PATH']}"},
        )
        stdout, stderr = await child.communicate()
        process.stdout.write(stdout)
        process.stderr.write(stderr)
        process.exit(child.returncode or 0)

    key = asyncssh.generate_private_key("ssh-ed25519")
    listener = await asyncssh.listen(
        LOOPBACK, 0, server_host_keys=[key], authorized_client_keys=str(folder / "authorized"), process_factory=shell, encoding=None
    )
    with open(folder / "known_hosts", "a") as known:
        known.write(f"[{LOOPBACK}]:{listener.get_port()} {key.export_public_key().decode()}")
    try:
        yield listener.get_port()
    finally:
        listener.close()
        await listener.wait_closed()


def audited(
    folder: Path, arguments: Callable[[list[int]], list[str]], asked: list[str] | None = None, command: str = "audit"
) -> tuple[int, str, str, list[int]]:
    """Exit code, output, error output and ports of an audit of two hosts, lb-1 and lb-2 below the folder."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(folder / "id"))
    (folder / "id").chmod(0o600)
    (folder / "authorized").write_bytes(key.export_public_key())

    async def attempt() -> tuple[int, str, str, list[int]]:
        said = [] if asked is None else asked
        async with serve(folder / "lb-1", folder, said) as first, serve(folder / "lb-2", folder, said) as second:
            variables = {
                "TWINKEEL_SSH_IDENTITY_FILE": str(folder / "id"),
                "TWINKEEL_SSH_KNOWN_HOSTS_FILE": str(folder / "known_hosts"),
                "HOME": str(folder),
            }
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-c", "from twinkeel.cli.main import main; main()", command, *arguments([first, second])),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **variables},
            )
            stdout, stderr = await child.communicate()
            return child.returncode or 0, stdout.decode(), stderr.decode(), [first, second]

    return asyncio.run(attempt())


def plain(user: str) -> Callable[[list[int]], list[str]]:
    return lambda ports: [word for port in ports for word in ("--host", f"{user}{LOOPBACK}:{port}")]


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        found[str(path)] = (state.st_mode, state.st_mtime_ns, path.read_bytes() if path.is_file() else b"")
    return found


@pytest.mark.parametrize("user", ["root@", "admin@"])
def test_what_the_units_load_is_audited_and_nothing_is_written(user: str, tmp_path: Path) -> None:
    for name in ("lb-1", "lb-2"):
        host_tree(tmp_path / name)
    before = snapshot(tmp_path / "lb-1"), snapshot(tmp_path / "lb-2")
    asked: list[str] = []
    code, out, err, ports = audited(tmp_path, lambda found: [*plain(user)(found), "--format", "json", "--severity", "info"], asked)
    assert (code, err) == (1, "")
    result = json.loads(out)
    names = [f"{LOOPBACK}:{port}" for port in ports]
    assert result["hosts"] == names
    # By the unit's environment file: a main file, and every .cfg of a folder.
    found = {(each["rule"], f"{place['file']}:{place['line']}") for each in result["findings"] for place in (each, *each["also"])}
    for number, name in enumerate(names, 1):
        assert ("ssl-hello-check", f"{name}:{tmp_path}/lb-{number}/etc/conf.d/10-proxies.cfg:10") in found
        assert ("common-vrid", f"{name}:{tmp_path}/lb-{number}/etc/conf.d/vrrp.conf:8") in found
        assert ("curl-without-fail", f"{name}:{tmp_path}/lb-{number}/opt/check.sh:2") in found
    # Side by side: the two hosts' priorities.
    assert "equal-priorities" in {rule for rule, _ in found}
    # The other host's instance, by Keepalived's own config id, is not this one's.
    assert "vrrp_instance other" not in json.dumps(result["findings"])
    # What could not be read is said; nothing else.
    gone = [(f"{name}:{tmp_path}/lb-{number}/opt/gone.sh") for number, name in enumerate(names, 1)]
    assert [(note["file"], note["message"]) for note in result["notes"]] == [(each, "the host has no such file") for each in gone]
    assert any(each["rule"] == "not-understood" and "missing.conf" in each["message"] for each in result["findings"])
    assert all(set(versions) <= {"haproxy", "keepalived"} for versions in result["versions"].values())
    assert before == (snapshot(tmp_path / "lb-1"), snapshot(tmp_path / "lb-2"))
    assert all(command.startswith("sudo -n -- ") == (user == "admin@") for command in asked)


def test_text_names_host_path_and_line(tmp_path: Path) -> None:
    for name in ("lb-1", "lb-2"):
        host_tree(tmp_path / name)
    code, out, _, ports = audited(tmp_path, plain("root@"))
    assert code == 1
    # Hosts come by name: that of the lower port first.
    in_order = sorted((f"{LOOPBACK}:{port}", number) for number, port in enumerate(ports, 1))
    places = [f"{name}:{tmp_path}/lb-{number}/etc/conf.d/10-proxies.cfg:10:12" for name, number in in_order]
    assert f"{places[0]}: error[ssl-hello-check]" in out
    assert f"{places[1]}: the same" in out
    assert f"{LOOPBACK}:{ports[0]}: HAProxy " in out or "versions of its programs are not known" in out


def test_the_hosts_of_a_spec(tmp_path: Path) -> None:
    for name in ("lb-1", "lb-2"):
        host_tree(tmp_path / name)

    def spec(ports: list[int]) -> list[str]:
        (tmp_path / "twinkeel.yaml").write_text(f"""\
name: c
domain: example.org
endpoint: {{name: api.example.org, vip: 192.168.7.9/24}}
interface: eth0
load_balancers:
  lb-1: {{address: 192.168.7.2, ssh_address: 127.0.0.1, ssh_port: {ports[0]}}}
  lb-2: {{address: 192.168.7.3, ssh_address: 127.0.0.1, ssh_port: {ports[1]}}}
control_plane: {{cp-1: 192.168.7.4, cp-2: 192.168.7.5, cp-3: 192.168.7.6}}
ssh: {{user: root}}
""")
        return ["-f", str(tmp_path / "twinkeel.yaml"), "--format", "json"]

    code, out, err, _ = audited(tmp_path, spec)
    assert code == 1, err
    assert json.loads(out)["hosts"] == ["lb-1", "lb-2"]
    assert f"lb-2:{tmp_path}/lb-2/etc/conf.d/10-proxies.cfg" in out
    code, _, err, _ = audited(tmp_path, lambda ports: [*spec(ports), "--host", "lb-9"])
    assert code == 2
    assert "the spec has no load balancer 'lb-9'" in err


def test_a_pair_is_not_judged_by_what_is_left_of_it(tmp_path: Path) -> None:
    host_tree(tmp_path / "lb-1")
    # Units without the files that they name: this host balances nothing.
    (tmp_path / "lb-2/bin").mkdir(parents=True)
    (tmp_path / "lb-2/bin/systemctl").write_text(SYSTEMCTL.format(root=tmp_path / "lb-2"))
    (tmp_path / "lb-2/bin/systemctl").chmod(0o755)
    code, out, err, ports = audited(tmp_path, plain("root@"))
    assert (code, out) == (2, "")
    assert f"where: {LOOPBACK}:{ports[1]}" in err
    assert f"{tmp_path}/lb-2/etc/k.conf: the host has no such file" in err
    code, out, err, _ = audited(tmp_path, lambda ports: ["--host", f"root@{LOOPBACK}:{ports[0]}", "--host", f"root@{LOOPBACK}:1"])
    assert (code, out) == (3, "")
    assert "cannot be reached" in err


IP = """\
#!/bin/sh
cat <<'END'
[{{"ifname": "lo", "addr_info": [{{"local": "127.0.0.1", "prefixlen": 8, "scope": "host"}}]}},
 {{"ifname": "eth0", "addr_info": [
  {{"local": "10.9.0.{number}", "prefixlen": 16, "scope": "global"}},
  {{"local": "10.0.0.10", "prefixlen": 32, "scope": "global"}},
  {{"local": "10.0.0.1{number}", "prefixlen": 22, "scope": "global"}},
  {{"local": "fe80::1", "prefixlen": 64, "scope": "link"}}]}}]
END
"""


def test_a_live_pair_is_imported_and_its_addresses_need_no_option(tmp_path: Path) -> None:
    for number in (1, 2):
        root = tmp_path / f"lb-{number}"
        host_tree(root)
        # Without a prefix length: that of the network on the interface is taken.
        (root / "etc/conf.d/vrrp.conf").write_text((INSTANCE % {"root": root, "id": "one"}).replace("10.0.0.10/24", "10.0.0.10"))
        for name, text in (("ip", IP.format(number=number)), ("uname", f"#!/bin/sh\necho bal-{number}.example.org\n")):
            (root / "bin" / name).write_text(text)
            (root / "bin" / name).chmod(0o755)
    before = snapshot(tmp_path / "lb-1"), snapshot(tmp_path / "lb-2")

    def output(ports: list[int]) -> list[str]:
        return [*plain("root@")(ports), "--format", "json"]

    code, out, err, ports = audited(tmp_path, output, command="import")
    result = json.loads(out)
    # One API server alone is a warning; the spec is valid.
    assert (code, err, result["valid"]) == (0, "", True)
    spec = result["spec"]
    assert "  bal-1: 10.0.0.11\n  bal-2: 10.0.0.12\n" in spec
    assert "10.0.0.10/22" in spec
    assert "  cp-1: 10.0.0.1\n" in spec
    assert not [each for each in result["assumed"] if each["key"].startswith(("load_balancers", "endpoint.vip"))]
    assert any(f"{LOOPBACK}:{ports[0]}:{tmp_path}/lb-1/etc/conf.d/vrrp.conf" in json.dumps(each) for each in result["not_carried"])
    assert before == (snapshot(tmp_path / "lb-1"), snapshot(tmp_path / "lb-2"))


def test_files_and_live_hosts_are_two_ways(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from twinkeel.cli.main import main; main()", "import", str(tmp_path), "--host", "lb-1"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "files and live hosts are two ways" in ended.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lb-1:no", "'no' is no port"),
        ("lb-1:", "'none' is no port"),
        ("lb-1:70000", "'70000' is no port"),
        ("", "is no SSH destination"),
        ("root@", "is no SSH destination"),
        ("a b", "is no SSH destination"),
        ("-oProxyCommand=x", "is no SSH destination"),
    ],
)
def test_a_slip_is_told(text: str, said: str) -> None:
    command = [sys.executable, "-c", "from twinkeel.cli.main import main; main()", "audit", "--host", text]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
