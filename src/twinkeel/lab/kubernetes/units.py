"""How a long-running program of the lab's cluster becomes a systemd unit."""

from collections.abc import Mapping, Sequence

from twinkeel.lab.model import HostFile

BIN = "/usr/local/bin"
PKI = "/etc/kubernetes/pki"

_UNIT = """\
[Unit]
Description={description}
{ordering}StartLimitIntervalSec=0

[Service]
Type={type}
{environment}ExecStart={command}
Restart=always
RestartSec=1
{settings}
[Install]
WantedBy=multi-user.target
"""


def service(
    name: str,
    description: str,
    argv: Sequence[str],
    *,
    kind: str = "simple",
    after: Sequence[str] = (),
    requires: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
) -> HostFile:
    """/etc/systemd/system/NAME.service: always restarted: a lab's hosts lose each other all the time."""
    ordering = [f"After={' '.join(('network.target', *after))}\n"]
    ordering += [f"Requires={' '.join(requires)}\n"] if requires else []
    text = _UNIT.format(
        description=description,
        ordering="".join(ordering),
        type=kind,
        environment="".join(f"Environment={key}={value}\n" for key, value in (environment or {}).items()),
        command=" \\\n  ".join(argv),
        settings="".join(f"{key}={value}\n" for key, value in (settings or {}).items()),
    )
    return HostFile(f"/etc/systemd/system/{name}.service", text.encode())


def flags(values: Mapping[str, str]) -> list[str]:
    """The long options `--name=value` in the given order."""
    return [f"--{name}={value}" for name, value in values.items()]
