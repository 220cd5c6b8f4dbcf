"""The exact commands of Kubespray's life cycle: which playbook, with which options, in which environment. Pure."""

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from twinkeel.kubespray.release import Release
from twinkeel.spec.kubespray_releases import release_line
from twinkeel.topology.model import Machine, Topology

Action = Literal["run", "scale", "upgrade", "remove-node", "reset", "recover"]

PLAYBOOKS: Mapping[Action, str] = {
    "run": "cluster.yml",
    "scale": "scale.yml",
    "upgrade": "upgrade-cluster.yml",
    "remove-node": "remove-node.yml",
    "reset": "reset.yml",
    "recover": "recover-control-plane.yml",
}
FACTS = "facts.yml"
CALLBACKS = Path(__file__).parent / "callback_plugins"
# Options of ansible-playbook that are followed by a file, in the next word or behind an equals sign.
FILE_OPTIONS = (
    "--become-password-file",
    "--become-pass-file",
    "--connection-password-file",
    "--conn-pass-file",
    "--vault-password-file",
    "--vault-pass-file",
    "--private-key",
    "--key-file",
)
IGNORED_ERRORS = "kubeadm_ignore_preflight_errors"
KUBEADM_SKIPS_COREDNS = (2, 32)
"""The first release line in which this was seen."""
SSH_ARGUMENTS = "-o ControlMaster=auto -o ControlPersist=30m -o ConnectionAttempts=5"


@dataclass(frozen=True)
class Invocation:
    """One run of ansible-playbook. `environment` holds only what differs from this process's own."""

    playbook: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path

    def text(self) -> str:
        """The command as a person would type it into a shell."""
        lines = [f"cd {shlex.quote(str(self.folder))} &&"]
        lines += [f"{name}={shlex.quote(value)}" for name, value in self.environment.items()]
        return " \\\n  ".join([*lines, shlex.join(self.argv)])


@dataclass(frozen=True)
class Request:
    """What the user asked for. `nodes` are removed, broken, or (with scale) the only ones worked on."""

    action: Action
    nodes: tuple[Machine, ...] = ()
    dead: bool = False
    extra: tuple[str, ...] = ()


def build_commands(topology: Topology, release: Release, folder: Path, request: Request) -> tuple[Invocation, ...]:
    """Every run of ansible-playbook that the request takes, in order.

    Args:
        folder: the cluster's own folder; its `inventory` holds the rendered inventory.
    """
    names = ",".join(machine.node_name for machine in request.nodes)
    old = topology.cluster.release.ansible_2_9
    options: list[str] = []
    runs: list[Invocation] = []
    match request.action:
        case "scale" if request.nodes:
            # Kubespray asserts that the facts of all hosts are in the cache when it is limited to some.
            facts = topology.cluster.release.playbooks + FACTS
            runs.append(_invocation(topology, release, folder, facts, request.extra))
            options = ["--limit", names]
        case "upgrade":
            version = topology.cluster.release.version_prefix + topology.cluster.version
            options = _variables(kube_version=version, serial=1, **_without_coredns(topology))
        case "remove-node":
            # Releases before v2.19 ask by another name, and compare with the text.
            confirmed = {"delete_nodes_confirmation": "yes"} if old else {"skip_confirmation": True}
            dead = {"reset_nodes": False, "allow_ungraceful_removal": True} if request.dead else {}
            options = _variables(node=names, **confirmed, **dead)
        case "reset":
            options = _variables(reset_confirmation="yes" if old else True)
        case "recover":
            broken = str(folder / "inventory" / "broken.yaml")
            options = ["-i", broken, "--limit", "etcd,kube_control_plane", *_variables(etcd_retries=10)]
    runs.append(_invocation(topology, release, folder, PLAYBOOKS[request.action], (*options, *request.extra)))
    return tuple(runs)


def _without_coredns(topology: Topology) -> dict[str, bool | list[str]]:
    """What an upgrade must be told where Kubespray installs no CoreDNS.

    kubeadm (1.36.2) refuses: it cannot tell which version to migrate. And Kubespray stops a CoreDNS that kubeadm started, which
    fails since kubeadm is told to skip it (seen with master of 2026-08-21, before v2.33).
    """
    if topology.cluster.dns_mode.startswith("coredns"):
        return {}
    own = topology.cluster.variables.get(IGNORED_ERRORS)
    ignored = {IGNORED_ERRORS: [*(own if isinstance(own, list) else []), "CoreDNSUnsupportedPlugins", "CoreDNSMigration"]}
    skipped = release_line(topology.cluster.release.tag).line >= KUBEADM_SKIPS_COREDNS
    return {**ignored, **({"kubeadm_scale_down_coredns_enabled": False} if skipped else {})}


def _variables(**values: str | int | bool | list[str]) -> list[str]:
    """Extra variables as one JSON object: `-e flag=true` is a text, which ansible-core 2.19 refuses in a condition."""
    return ["-e", json.dumps(values)]


def _invocation(topology: Topology, release: Release, folder: Path, playbook: str, options: Sequence[str]) -> Invocation:
    access = topology.control_plane[0].ssh
    argv = [str(release.programs / "ansible-playbook"), "-i", str(folder / "inventory" / "hosts.yaml"), "--become"]
    if access.identity_file is not None:
        argv += ["--private-key", access.identity_file]
    argv += [*options, str(release.checkout / playbook)]
    environment = _environment(release, folder, access.known_hosts_file)
    if topology.cluster.release.ansible_2_9:
        environment = {**environment, **_settings_of_ansible_2_9(folder)}
    if playbook == PLAYBOOKS["recover"] and topology.cluster.kubespray in TEXT_IN_CONDITIONS:
        environment = {**environment, "ANSIBLE_ALLOW_BROKEN_CONDITIONALS": "true"}
    return Invocation(playbook, tuple(argv), environment, release.checkout)


# Tags whose recovery has lists where its Ansible wants true or false (Kubespray issues 13538, 13541; mended after the tag).
TEXT_IN_CONDITIONS = ("v2.32.0",)


def _settings_of_ansible_2_9(folder: Path) -> Mapping[str, str]:
    """The same settings by the names that they had, and our own callback: ansible.posix.jsonl came later."""
    return {
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_STDOUT_CALLBACK": "twinkeel_events",
        "ANSIBLE_CALLBACK_WHITELIST": "",
        "ANSIBLE_COLLECTIONS_PATHS": str(folder / "ansible" / "collections"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "ansible" / "tmp"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "ansible" / "cp"),
    }


def _environment(release: Release, folder: Path, known_hosts: str | None) -> Mapping[str, str]:
    """Kubespray's settings, but for its fact cache in /tmp, its callbacks, and its blind trust in host keys."""
    trust = f" -o UserKnownHostsFile={shlex.quote(known_hosts)}" if known_hosts else ""
    return {
        "ANSIBLE_CONFIG": str(release.checkout / "ansible.cfg"),
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.jsonl",
        # The same name as above switches the checkout's own off. An empty one ends ansible-core 2.19 with 250.
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.jsonl",
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "ansible" / "collections"),
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_SSH_ARGS": SSH_ARGUMENTS + trust,
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONUNBUFFERED": "1",
        "VIRTUAL_ENV": str(release.environment),
    }


def with_whole_paths(extra: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Options with the files that they name as whole paths: Ansible is run in the release's folder, not where the user is."""

    def whole(name: str) -> str:
        return str(folder / Path(name).expanduser())

    words: list[str] = []
    for word in extra:
        option, sign, value = word.partition("=")
        before, at, file = word.partition("@")
        if words and words[-1] in FILE_OPTIONS:
            words.append(whole(word))
        elif option in FILE_OPTIONS and sign:
            words.append(f"{option}={whole(value)}")
        elif at and before in ("", "-e", "--extra-vars="):
            words.append(f"{before}@{whole(file)}")
        else:
            words.append(word)
    return tuple(words)


def process_environment(invocation: Invocation, inherited: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of the child: the user's own Ansible settings stay outside."""
    kept = {name: value for name, value in inherited.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    programs = str(Path(invocation.argv[0]).parent)
    path = os.pathsep.join((programs, inherited.get("PATH", os.defpath)))
    locale = {"LC_ALL": "C.UTF-8"} if not inherited.get("LC_ALL") else {}
    return {**kept, **locale, **invocation.environment, "PATH": path}
