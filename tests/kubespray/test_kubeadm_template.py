"""Kubespray's own kubeadm template, rendered from our inventory: it must hold our endpoint, certificate names and arguments.

Nothing is installed and no host is contacted: connection local, --check, made-up facts, and a start at the task that gathers the
names. With TWINKEEL_TEST_KUBERNETES=DIR the kubeadm there makes the API server's manifest of it.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from kubespray_checkouts import Release, releases
from test_boilerplate import ROOT, write_inventory

FOUND = [release for release in releases() if release.tag.startswith("v2.31.")]
pytestmark = pytest.mark.skipif(not FOUND, reason="KUBESPRAY_DIR names no v2.31 release that `twinkeel kubespray fetch` made")

OURS = {
    "shutdown-delay-duration": "5s",
    "shutdown-send-retry-after": "true",
    "goaway-chance": "0.001",
    "etcd-servers": "https://127.0.0.1:2379",
}
PROGRAMS = os.environ.get("TWINKEEL_TEST_KUBERNETES")
START = "Kubeadm | aggregate all SANs"
RENDER = "Kubeadm | Create kubeadm config"
MACHINE = {
    "ansible_os_family": "Debian",
    "ansible_distribution": "Debian",
    "ansible_distribution_major_version": "12",
    "ansible_architecture": "x86_64",
    "ansible_pkg_mgr": "apt",
    "ansible_memtotal_mb": 4096,
    "ansible_service_mgr": "systemd",
    "ansible_system": "Linux",
    "ansible_default_ipv6": {},
}


def write_facts(inventory: Path, folder: Path) -> None:
    """What Kubespray would have gathered from each host, as its fact cache keeps it."""
    folder.mkdir()
    for name, host in yaml.safe_load(inventory.read_text())["all"]["hosts"].items():
        address = host.get("ip", host.get("ip6"))
        own = {"ansible_hostname": name.split(".")[0], "ansible_fqdn": name, "ansible_default_ipv4": {"address": address}}
        computed = {"main_ip": address, "main_access_ip": address, "main_ips": [address], "main_access_ips": [address]}
        (folder / name).write_text(json.dumps({**MACHINE, **own, **computed}))


def kubeadm_config(release: Release, inventory: Path, folder: Path) -> str:
    """kubeadm's configuration as the real template renders it."""
    write_facts(inventory, folder / "facts")
    book = folder / "render.yml"
    defaults = {"name": "Defaults", "import_role": {"name": "kubespray_defaults"}, "when": False}
    setup = {"name": "Setup", "import_role": {"name": "kubernetes/control-plane", "tasks_from": "kubeadm-setup"}}
    play = {"name": "Render", "hosts": "kube_control_plane[0]", "gather_facts": False, "tasks": [defaults, setup]}
    book.write_text(json.dumps([play]))
    (folder / "etc").mkdir()
    environment = {
        "PATH": f"{release.programs}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "ANSIBLE_CONFIG": str(release.checkout / "ansible.cfg"),
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
        "ANSIBLE_CALLBACKS_ENABLED": "default",
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.jsonl",
        "ANSIBLE_ROLES_PATH": str(release.checkout / "roles"),
        "ANSIBLE_LIBRARY": str(release.checkout / "library"),
    }
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": str(release.programs / "python"),
        "kube_config_dir": str(folder / "etc"),
    }
    argv = [
        "ansible-playbook",
        "-i",
        str(inventory),
        str(book),
        "--check",
        "--diff",
        "--start-at-task",
        START,
        "-e",
        json.dumps(variables),
    ]
    result = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=300, check=False)
    for line in result.stdout.splitlines():
        if RENDER in line and '"diff"' in line:
            (host,) = json.loads(line)["hosts"].values()
            return str(host["diff"][0]["after"])
    raise AssertionError(result.stdout[-3000:] + result.stderr)


@pytest.mark.parametrize(
    ("spec", "endpoint", "names"),
    [
        (
            "examples/lab-home.yaml",
            "lb.lab-home.com:6443",
            {"192.168.1.110", "lb.lab-home.com", "192.168.1.111", "lb-2.lab-home.com"},
        ),
        (
            "tests/kubespray/specs/co-located.yaml",
            "api.compact.example.org:8443",
            {"10.30.0.100", "api.compact.example.org", "api.example.org", "203.0.113.9"},
        ),
        ("tests/kubespray/specs/dual-stack.yaml", "api.dual.example.org:6443", {"10.40.0.100", "fd00:40::100", "fd00:40::1"}),
    ],
)
def test_kubeadm_gets_our_endpoint_names_and_arguments(spec: str, endpoint: str, names: set[str], tmp_path: Path) -> None:
    release = FOUND[-1]
    text = kubeadm_config(release, write_inventory(ROOT / spec, release, tmp_path), tmp_path)
    config = next(document for document in yaml.safe_load_all(text) if document["kind"] == "ClusterConfiguration")
    assert config["controlPlaneEndpoint"] == endpoint
    server = config["apiServer"]
    assert isinstance(server, dict)
    assert names <= set(server["certSANs"])
    assert len(server["certSANs"]) == len(set(server["certSANs"]))
    given = {argument["name"]: argument["value"] for argument in server["extraArgs"]}
    assert OURS.items() <= given.items()


@pytest.mark.skipif(not PROGRAMS, reason="TWINKEEL_TEST_KUBERNETES names no folder with a kubeadm")
def test_kubeadm_itself_makes_the_manifest_with_our_arguments(tmp_path: Path) -> None:
    release = FOUND[-1]
    config, made = tmp_path / "kubeadm.yaml", tmp_path / "made"
    config.write_text(kubeadm_config(release, write_inventory(ROOT / "examples/lab-home.yaml", release, tmp_path), tmp_path))
    made.mkdir()
    argv = [f"{PROGRAMS}/kubeadm", "init", "phase", "control-plane", "apiserver", "--dry-run", "--config", str(config)]
    environment = {**os.environ, "KUBEADM_INIT_DRYRUN_DIR": str(made)}
    subprocess.run(argv, env=environment, check=True, capture_output=True, timeout=60)
    manifest = yaml.safe_load(next(made.rglob("kube-apiserver.yaml")).read_text())
    command = manifest["spec"]["containers"][0]["command"]
    assert {f"--{name}={value}" for name, value in OURS.items()} <= set(command)
    # Ours takes the place of what kubeadm makes of etcd's external endpoints: given twice, an API server would ask both.
    assert sum(word.startswith("--etcd-servers=") for word in command) == 1
    # Kubernetes' own default then holds: 30 s, more than the longest delay.
    assert "terminationGracePeriodSeconds" not in manifest["spec"]
