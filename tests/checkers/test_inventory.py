"""Ansible's own reading of both inventories, for every golden spec."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from golden_files import GOLDEN

PROGRAM = Path(sys.executable).with_name("ansible-inventory")


def listed(inventory: Path) -> dict[str, object]:
    argv = [PROGRAM, "-i", inventory, "--list"]
    # A file that cannot be read must be an error, and not an empty inventory with a warning.
    environment = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FATAL": "true", "PATH": "/usr/bin:/bin", "HOME": str(Path.home())}
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=300, env=environment, check=False)
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize("spec", sorted(path.parents[1].name for path in GOLDEN.glob("*/kubespray/hosts.yaml")))
def test_ansible_reads_the_inventory(spec: str) -> None:
    read = listed(GOLDEN / spec / "kubespray/hosts.yaml")
    for group in ("kube_control_plane", "etcd", "kube_node"):
        members = read[group]
        assert isinstance(members, dict)
        assert members["hosts"], group
