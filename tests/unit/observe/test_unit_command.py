"""What units start, as systemctl shows them."""

import pytest

from twinkeel.observe.unit_command import command, environment, environment_files, option_values, properties

SHOWN = """\
LoadState=loaded
ExecStart={ path=/usr/sbin/haproxy ; argv[]=/usr/sbin/haproxy -Ws -f $CONFIG -p ${RUN}/h.pid $EXTRA $NONE ; ignore_errors=no }
Environment=CONFIG=/etc/a.cfg RUN=/run "EXTRA=-S /run/x -f '/etc/b c.cfg'"
EnvironmentFiles=/etc/default/haproxy (ignore_errors=yes)
EnvironmentFiles=/etc/other (ignore_errors=no)
"""


def test_a_unit_with_its_environment() -> None:
    unit = properties(SHOWN)
    assert environment_files(unit) == ["/etc/default/haproxy", "/etc/other"]
    values = environment(unit, ["# CONFIG=no\nCONFIG=/etc/c.cfg\n\n;x\n", "CONFIG='/etc/d e.cfg'\n"])
    argv = command(unit, values)
    assert argv == ["/usr/sbin/haproxy", "-Ws", "-f", "/etc/d", "e.cfg", "-p", "/run/h.pid", "-S", "/run/x", "-f", "/etc/b c.cfg"]
    assert option_values(argv, "-f") == ["/etc/d", "/etc/b c.cfg"]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["k", "-f", "/a"], ["/a"]),
        (["k", "-f/a"], ["/a"]),
        (["k", "--use-file=/a", "--use-file", "/b"], ["/a", "/b"]),
        (["k", "-D", "--use-files", "-f"], []),
        (["-f", "/a"], []),
    ],
)
def test_options(argv: list[str], expected: list[str]) -> None:
    assert option_values(argv, "-f", "--use-file") == expected


@pytest.mark.parametrize("shown", ["", "LoadState=not-found\n", "ExecStart=\n", "System has not been booted with systemd"])
def test_no_unit_starts_nothing(shown: str) -> None:
    unit = properties(shown)
    assert (command(unit, {}), environment_files(unit), environment(unit, [])) == ([], [], {})
