"""The SELinux module that `apply` installs, compiled beside a policy of a few types: it allows what it should, and no more.

What Red Hat's own policy allows was looked up in it once: docs/rendered-files.md, "SELinux".
"""

from importlib.resources import files
from pathlib import Path

import pytest
from debian_root import run

MODULE = (files("twinkeel.rollout") / "ansible/roles/selinux/files/twinkeel.cil").read_text()
READ, WRITE = ("getattr", "ioctl", "lock", "open", "read"), ("append", "write", "unlink", "execute")
TYPES = ("kernel_t", "keepalived_t", "haproxy_t", "var_run_t", "initrc_var_run_t", "etc_t")
BASE = f"""\
(handleunknown deny)
(mls true)
(sid kernel)
(sidorder (kernel))
(sidcontext kernel (u r kernel_t ((s0) (s0))))
(class file ({" ".join((*READ, *WRITE))}))
(classorder (file))
(sensitivity s0)
(sensitivityorder (s0))
(user u)
(userrole u r)
(userlevel u (s0))
(userrange u ((s0) (s0)))
(role r)
{{types}}
(roletype r kernel_t)
(allow kernel_t kernel_t (file (read)))
"""


def compiles(root: Path, *more: str, types: tuple[str, ...] = TYPES) -> bool:
    """Whether secilc takes the module beside a policy of these types, and `more` (rules that must never be allowed)."""
    folder = root / "tmp/selinux"
    folder.mkdir(exist_ok=True)
    (folder / "base.cil").write_text(BASE.format(types="\n".join(f"(type {name})" for name in types)))
    (folder / "twinkeel.cil").write_text(MODULE)
    (folder / "never.cil").write_text("\n".join(more) + "\n")
    paths = [f"/tmp/selinux/{name}.cil" for name in ("base", "twinkeel", "never")]
    ended = run(root, "secilc", "-o", "/tmp/selinux/policy", "-f", "/tmp/selinux/contexts", *paths)
    assert ended.returncode == 0 or "neverallow" in ended.stderr, ended.stderr
    return ended.returncode == 0


def never(source: str, target: str, *permissions: str) -> str:
    return f"(neverallow {source} {target} (file ({' '.join(permissions)})))"


def test_it_compiles(root: Path) -> None:
    assert compiles(root)


@pytest.mark.parametrize("permission", READ)
@pytest.mark.parametrize("target", ["var_run_t", "initrc_var_run_t"])
def test_keepalived_may_read_what_it_follows(root: Path, target: str, permission: str) -> None:
    assert not compiles(root, never("keepalived_t", target, permission))


def test_nothing_else_is_allowed(root: Path) -> None:
    rules = [never("keepalived_t", target, *WRITE) for target in TYPES]
    rules += [never(source, target, *READ) for source in ("haproxy_t",) for target in TYPES]
    rules += [never("keepalived_t", target, *READ) for target in ("etc_t", "kernel_t", "haproxy_t")]
    assert compiles(root, *rules)


def test_a_policy_without_keepalived_is_no_trouble(root: Path) -> None:
    assert compiles(root, types=("kernel_t", "var_run_t"))
