"""The exported project as AWX runs it, on real hosts: hosts imported before, ansible-runner, the vault's password from a prompt."""

import re
from pathlib import Path

import pytest
from labs import Ended, Lab

from awx import command, encrypt, imported, lay_out, tree
from twinkeel.export.export import SECRETS_FILE

VAULT_PASSWORD = "a vault's password"  # noqa: S105
METRICS_PASSWORD = "hunter2hunter2"  # noqa: S105
MORE = "haproxy: {metrics: {address: host, user: prometheus}}\n"
BALANCERS = {"lb-1": "192.168.1.111", "lb-2": "192.168.1.112"}
# An execution environment's own file of host keys; this machine's is left alone.
KNOWN = 'mount -t tmpfs tmpfs /etc/ssh && cp "$1" /etc/ssh/ssh_known_hosts && shift && exec "$@"'


@pytest.fixture(scope="module")
def repository(small_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a person commits: one cluster, passwords encrypted, no file of the machine that wrote it."""
    folder = tmp_path_factory.mktemp("awx")
    text = re.sub(r"(?ms)^(ssh|power|link):.*?(?=^\w|\Z)", "", small_lab.paths.spec_file.read_text())
    (folder / "north.yaml").write_text(text + MORE)
    (folder / "secrets.yaml").write_text(f"metrics_password: {METRICS_PASSWORD}\n")
    (folder / "secrets.yaml").chmod(0o600)
    unset = ["env", "-u", "TWINKEEL_SSH_IDENTITY_FILE", "-u", "TWINKEEL_SSH_KNOWN_HOSTS_FILE"]
    argv = [*unset, "twinkeel", "export", "ansible", str(folder / "repository/north"), "-f", str(folder / "north.yaml")]
    ended = small_lab.run("operator", argv)
    assert ended.returncode == 0, ended.stderr
    encrypt(folder / "repository/north" / SECRETS_FILE, VAULT_PASSWORD)
    return folder / "repository"


def job(lab: Lab, repository: Path, number: int) -> Ended:
    """One job; each has a private folder of its own, as in AWX."""
    private = repository.parent / f"job-{number}"
    lay_out(private, repository, imported(repository, "north"), VAULT_PASSWORD, lab.paths.identity_file.read_text())
    inside = ["unshare", "--mount", "sh", "-ec", KNOWN, "sh", str(lab.paths.known_hosts_file), *command(private, "north/site.yml")]
    ended = lab.run("operator", inside)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert tree(private / "project") == tree(repository), "a job's copy is thrown away, and an image may have it read-only"
    return ended


def changes(ended: Ended) -> dict[str, int]:
    """How many tasks changed each host; ansible-runner gives Ansible a terminal, and that its colours."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", ended.stdout)
    found = {name: int(count) for name, count in re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", plain, re.MULTILINE)}
    assert set(found) >= set(BALANCERS), plain
    return found


def test_two_jobs_and_the_second_changes_nothing(small_lab: Lab, repository: Path) -> None:
    first, second = (job(small_lab, repository, number) for number in (1, 2))
    assert min(changes(first)[name] for name in BALANCERS) > 0
    assert set(changes(second).values()) == {0}
    assert METRICS_PASSWORD not in first.stdout + second.stdout
    for name, address in BALANCERS.items():
        assert small_lab.run(name, ["systemctl", "is-active", "haproxy", "keepalived"]).stdout.split() == ["active", "active"]
        asked = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "5", f"http://{address}:8405/metrics"]
        assert small_lab.run("operator", asked).stdout == "401"
        assert small_lab.run("operator", [*asked, "-u", f"prometheus:{METRICS_PASSWORD}"]).stdout == "200"
