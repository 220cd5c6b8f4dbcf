"""The VRRP process alone dies: the address must stay. Debian 12's Keepalived and Debian 13's, with the rendered files."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from golden_files import golden

from twinkeel.render.keepalived import CONFIG_PATH

DROP_IN = "/etc/systemd/system/keepalived.service.d/twinkeel.conf"
# Namespaces with one interface, processes of their own and a /run. Prints how often the address was taken away.
SCRIPT = """
root=$1 config=$2; shift 2
mount -t proc proc /proc
[ "$root" = / ] || mount -t proc proc "$root/proc"
mount -t tmpfs none "$root/run"
ip link add lan type veth peer name other && ip link set lan up && ip link set other up
ip address add 192.168.1.111/24 dev lan
mkdir "$root/run/twinkeel"
echo 0 > "$root/run/twinkeel/haproxy-down"
echo 0 > "$root/run/twinkeel/standby"
cat "$config" > "$root/run/keepalived.conf"
wait_for() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        if [ $tries -gt 500 ]; then echo "never came: $*" >&2; cat "$root/run/log" >&2; exit 1; fi
        sleep 0.02
    done
}
ip monitor address > "$root/run/addresses" &
chroot "$root" "$@" --use-file /run/keepalived.conf --log-console > "$root/run/log" 2>&1 &
parent=$!
has_it() { ip -oneline address show dev lan | grep -q " 192.168.1.110/"; }
left() { grep -c "^Deleted.* 192.168.1.110/" "$root/run/addresses"; }
over() { ! grep -q "^State:.[^Z]" /proc/$parent/status || left > /dev/null; }
wait_for has_it
kill -KILL $(cat /proc/$parent/task/$parent/children) || exit 1
wait_for over
left
true
"""


@pytest.fixture(params=["this machine's", "Debian 13's"])
def system(request: pytest.FixtureRequest) -> Path:
    if request.param == "this machine's":
        if not Path("/usr/sbin/keepalived").exists():
            pytest.skip("keepalived is not installed")
        return Path("/")
    found: Path = request.getfixturevalue("root")
    return found


def times_it_left(system: Path, folder: Path, argv: list[str]) -> int:
    config = folder / "keepalived.conf"
    text = golden(CONFIG_PATH)["lab-home/lb-1"].read_text()
    config.write_text(re.sub(r"(interface|dev) \S+", r"\1 lan", text))
    command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", SCRIPT, "sh", str(system), str(config)]
    ended = subprocess.run([*command, *argv], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return int(ended.stdout)


def start_command() -> list[str]:
    """The drop-in's own, with the variables empty as in Debian's package."""
    text = golden(DROP_IN)["lab-home/lb-1"].read_text()
    line = next(line for line in text.splitlines() if line.startswith("ExecStart=/"))
    return [word for word in shlex.split(line.partition("=")[2]) if not word.startswith("$")]


def test_the_address_stays(system: Path, tmp_path: Path) -> None:
    assert times_it_left(system, tmp_path, start_command()) == 0


def test_a_parent_that_respawns_takes_it_away(system: Path, tmp_path: Path) -> None:
    """Why the drop-in has a start command of its own: the day this fails, it is not needed any more."""
    respawning = [word for word in start_command() if word != "--dont-respawn"]
    assert times_it_left(system, tmp_path, respawning) > 0
