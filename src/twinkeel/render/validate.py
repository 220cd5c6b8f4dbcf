"""The real daemons' own checkers on rendered files, before any host sees them.

Both accept most mistakes with exit code 0 and say so on standard error alone, so every line that complains counts. The programs
run as nobody, and without a network where this process may take it from them: a name in a raw line is not looked up.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from twinkeel.render import frr, haproxy, keepalived
from twinkeel.render.extra_lines import ExtraLine, locate
from twinkeel.render.files import RenderedFiles
from twinkeel.render.systemd import DOWN_FILE
from twinkeel.vip.daemons import VRRP_DAEMON

TIMEOUT = 30.0
SEARCHED = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")
NOBODY = 65534

HERE = Path("/")
"""This machine's own programs. Another folder is a whole system of another release, entered with chroot."""

# Stands in for the cluster's authority, which only a control-plane host has. Nothing trusts it; no one has its key.
PLACEHOLDER_CA = """\
-----BEGIN CERTIFICATE-----
MIIBhDCCASmgAwIBAgIUTnHNnTkzw4UdMtpGl4NZ6ZqcLyQwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLcGxhY2Vob2xkZXIwIBcNMjYxMTIyMjAwNjUzWhgPMjEyNjEw
MjkyMDA2NTNaMBYxFDASBgNVBAMMC3BsYWNlaG9sZGVyMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAElHZfsVD5m98z5wwsuDWKGqTfYLVMAwizTbD7VJUtOCqwePUp
I3vOJFz9v1MGaQ/ns3XCL835bZqs4G23n+lTZKNTMFEwHQYDVR0OBBYEFAwxS26i
o6hu7jz1UrZ+1QRN5nF5MB8GA1UdIwQYMBaAFAwxS26io6hu7jz1UrZ+1QRN5nF5
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAN5fkoj4ZuiPDTlT
pXjHRhdMeyNb/ZJmCrRLOE3GywaEAiEA4efkeM5r6pMlMSzwSixAd8NTWCLA6/JL
wVLXaUXqk/c=
-----END CERTIFICATE-----
"""


@dataclass(frozen=True)
class Complaint:
    """One thing that a checker said.

    `line` counts from 1 in the rendered file at `path` of `host`; None when the checker named none. `extra` is the place in the
    spec's raw lines that it lies in, None for a line of ours. `completed` is False when the checker died before it was done: that
    is neither a refusal nor a consent.
    """

    program: str
    host: str
    path: str
    line: int | None
    text: str
    extra: ExtraLine | None = None
    completed: bool = True


@dataclass(frozen=True)
class _Checker:
    """One checker: its arguments before the file, and how the file and what the checker says are read."""

    program: str
    path: str
    arguments: tuple[str, ...]
    prepare: Callable[[str, str], str]
    complaints: Callable[[str, str], Iterator[tuple[int | None, str]]]


def version_of(program: str, system: Path = HERE) -> str:
    """What an installed checker says of its version, as `2.6.12`; empty when it cannot be asked."""
    path = _find(program, system)
    if path is None:
        return ""
    ended = _run([*_isolation(system), path, "-v"])
    match = re.search(r"(?:version |v)(\d+(?:\.\d+)+)", ended.stdout + ended.stderr)
    return match[1] if match else ""


def host_checks() -> list[dict[str, Any]]:
    """How a host's own programs are asked about a file: its path, and the command, with `%s` for the file."""
    return [{"path": each.path, "argv": [each.program, *each.arguments, "%s"]} for each in _CHECKERS]


def installed(system: Path = HERE) -> tuple[str, ...]:
    """The checkers that a system has, of haproxy, keepalived and vtysh."""
    return tuple(checker.program for checker in _CHECKERS if _find(checker.program, system))


def validate_files(rendered: RenderedFiles, system: Path = HERE) -> tuple[Complaint, ...]:
    """What the installed checkers say of every load balancer's files; a checker that is not there says nothing."""
    return tuple(
        complaint
        for host, files in rendered.hosts.items()
        for file in files
        for complaint in validate_file(file.path, file.content, host=host, system=system)
    )


def validate_file(path: str, content: str, *, host: str = "", system: Path = HERE) -> tuple[Complaint, ...]:
    """What the checker of the file at `path` says of `content`; nothing for a file without one, or when it is not installed."""
    for candidate in _CHECKERS:
        program = _find(candidate.program, system)
        if candidate.path == path and program is not None:
            try:
                found = tuple(_complaints_of(candidate, program, content, system))
            except _DiedError as error:
                return (Complaint(candidate.program, host, path, None, str(error), completed=False),)
            return tuple(
                Complaint(candidate.program, host, path, line, text, locate(content, line) if line else None)
                for line, text in found
            )
    return ()


def without_unknown(config: str, keepalived: str) -> str:
    """The file for a Keepalived (its version) that cannot sign: it validates the rest. Every line keeps its number."""
    if not keepalived or tuple(map(int, keepalived.split("."))) >= VRRP_DAEMON.signs_since:
        return config
    return re.sub(r"^    auth_hmac \{\n(?:.*\n)*?    \}$", _as_comments, config, flags=re.MULTILINE)


def _as_comments(block: re.Match[str]) -> str:
    return "\n".join(f"#{line}" for line in block[0].split("\n"))


class _DiedError(Exception):
    """A checker ended by a signal."""


def _complaints_of(one: _Checker, program: str, content: str, system: Path) -> Iterator[tuple[int | None, str]]:
    """Lines and texts. The candidate lies in a folder of its own that goes away."""
    with tempfile.TemporaryDirectory(prefix="twinkeel-validate-", dir=system / "tmp") as folder:
        inside = f"/tmp/{Path(folder).name}"  # noqa: S108 - a new folder of our own, as the checker sees it
        for name, text in _PLACEHOLDERS.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        file = Path(folder) / Path(one.path).name
        known = without_unknown(content, version_of(one.program, system)) if "auth_hmac" in content else content
        file.write_text(one.prepare(known, inside), encoding="utf-8")
        if os.geteuid() == 0:
            # With each file: where our umask is 077, nobody could read none of them.
            for path in (Path(folder), *Path(folder).iterdir()):
                shutil.chown(path, NOBODY, NOBODY)
        argv = [*_isolation(system), program, *one.arguments, f"{inside}/{file.name}"]
        ended = _run(argv)
        if _signal(ended.returncode) and _works((*_OWN_PROCESSES, "true")):
            ended = _run([*_OWN_PROCESSES, *argv])
    output = (ended.stdout + ended.stderr).replace(inside, "")
    found = [(line, text) for line, text in one.complaints(output, f"/{file.name}") if line is None or line > 0]
    if not found and (number := _signal(ended.returncode)):
        raise _DiedError(f"{one.program} was ended by {signal.Signals(number).name} before it had validated the file")
    if not found and ended.returncode != 0:
        last = output.strip().splitlines()[-1:] or [""]
        found = [(None, f"{one.program} ended with {ended.returncode} {last[0]}".rstrip())]
    yield from found


# Keepalived 2.2.7's own check ends its whole process group with SIGTERM on some valid files; in a PID namespace it does not.
_OWN_PROCESSES = ("unshare", "--pid", "--fork", "--kill-child", "--")


def _run(argv: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    # A session of its own: such a signal must not reach us.
    return subprocess.run(
        argv, capture_output=True, text=True, errors="replace", timeout=TIMEOUT, check=False, start_new_session=True
    )


def _signal(exit_code: int) -> int:
    """The signal that ended a program, as Python and as a shell tell it; 0 when none did."""
    number = -exit_code if exit_code < 0 else exit_code - 128
    return number if number in signal.valid_signals() else 0


_PLACEHOLDERS: Mapping[str, str] = {
    "ca.pem": PLACEHOLDER_CA,
    "drained.state": "1\n",
    "haproxy-down": "0\n",
    "standby": "0\n",
}


def _haproxy_candidate(content: str, folder: str) -> str:
    # The client certificate lies on the load balancers alone, where HAProxy itself validates it.
    content = re.sub(r"^(\s*default-server check check-ssl .*?) crt \S+", r"\1", content, flags=re.MULTILINE)
    return content.replace(haproxy.CA_PATH, f"{folder}/ca.pem").replace(haproxy.DRAINED_FILE, f"{folder}/drained.state")


def _keepalived_candidate(content: str, folder: str) -> str:
    """The hosts' interfaces need not exist here, and the password need not be written down: any word does."""
    content = content.replace(str(Path(DOWN_FILE).parent), folder)
    content = re.sub(r"^(\s*auth_pass )\S+$", r"\1judged", content, flags=re.MULTILINE)
    content = re.sub(r"^(\s*key \d+ hex:)\S+$", rf"\1{'00' * 32}", content, flags=re.MULTILINE)
    return content.replace("global_defs {\n", "global_defs {\n    dynamic_interfaces\n", 1)


def _frr_candidate(content: str, folder: str) -> str:
    """The password need not be written down: any word does."""
    return re.sub(r"^( neighbor \S+ password )\S+$", r"\1judged", content, flags=re.MULTILINE)


def _haproxy_complaints(output: str, file: str) -> Iterator[tuple[int | None, str]]:
    for line in output.splitlines():
        match = re.match(r"\[(WARNING|ALERT)\]\s*(?:\S+ )?\(\d+\)\s*:\s*(?:config\s*:\s*)?(?P<text>.*)", line)
        if match is None or "rror(s) found in configuration" in line or "Fatal errors found" in line:
            continue
        place = re.search(rf"\[{re.escape(file)}:(\d+)\]\s*:?\s*", match["text"])
        text = re.sub(rf"(?i)^parsing \[{re.escape(file)}:\d+\]\s*:?\s*", "", match["text"])
        yield (int(place[1]) if place else None, text)


def _keepalived_complaints(output: str, file: str) -> Iterator[tuple[int | None, str]]:
    for line in filter(None, output.splitlines()):
        match = re.match(rf"\({re.escape(file)}: Line (\d+)\) (.*)", line)
        # Less the line that the candidate has more.
        yield (max(1, int(match[1]) - 1), match[2]) if match else (None, line)


def _frr_complaints(output: str, file: str) -> Iterator[tuple[int | None, str]]:
    for line in filter(None, output.splitlines()):
        match = re.match(r"line (\d+): (?:% )?(.*)", line)
        if match:
            yield int(match[1]), match[2]
        # Its own settings are not wanted, and it says that none are there.
        elif "Can't open configuration file" not in line:
            yield None, line


def _find(program: str, system: Path) -> str | None:
    """The program's path as the system itself sees it."""
    return next((f"/{folder}/{program}" for folder in SEARCHED if os.access(system / folder / program, os.X_OK)), None)


@cache
def _isolation(system: Path) -> tuple[str, ...]:
    """What goes before a command. Only root can enter another system; where root may not make namespaces, it goes without."""
    if os.geteuid() != 0:
        return ()
    nobody = ("chroot", f"--userspec={NOBODY}:{NOBODY}", "--groups=", str(system))
    without_network = ("unshare", "--net", "--")
    return (*without_network, *nobody) if _works((*without_network, "true")) else nobody


def _works(argv: Sequence[str]) -> bool:
    try:
        return subprocess.run(argv, capture_output=True, timeout=TIMEOUT, check=False).returncode == 0
    except FileNotFoundError:
        return False


_CHECKERS = (
    _Checker("haproxy", haproxy.CONFIG_PATH, ("-c", "-f"), _haproxy_candidate, _haproxy_complaints),
    _Checker("keepalived", keepalived.CONFIG_PATH, ("-t", "-f"), _keepalived_candidate, _keepalived_complaints),
    _Checker("vtysh", frr.CONFIG_PATH, ("-C", "-f"), _frr_candidate, _frr_complaints),
)
