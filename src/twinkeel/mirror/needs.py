"""What a Kubespray release downloads for a cluster: told by the release itself, with its own Ansible."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from twinkeel.errors import ToolError
from twinkeel.kubespray.release import Release
from twinkeel.mirror.needs_playbook import needs_playbook, write_roles
from twinkeel.mirror.variable_names import VariableNames, read_variable_names

TIMEOUT = 300.0


@dataclass(frozen=True)
class NeededFile:
    """A file that hosts download.

    `pin` is the checksum that the release expects, like sha256:..., or empty. `names` are the variables that hold the address and
    the checksum: through them another place, or another content, is given to Kubespray.
    """

    name: str
    url: str
    dest: str
    pin: str
    names: VariableNames


@dataclass(frozen=True)
class NeededImage:
    """A container image, as quay.io/coreos/etcd:v3.5.0. `digest` like sha256:... when it is pulled by that, else empty."""

    name: str
    repo: str
    tag: str
    digest: str = ""

    @property
    def reference(self) -> str:
        """The name that it is pulled by from the internet."""
        return f"{self.repo}@{self.digest}" if self.digest else f"{self.repo}:{self.tag}"


@dataclass(frozen=True)
class Needs:
    """All of it. `kube_version` with a leading v; `kube_image_repo` is where Kubernetes' own images come from."""

    files: tuple[NeededFile, ...]
    images: tuple[NeededImage, ...]
    packages: tuple[str, ...]
    kube_version: str
    kube_image_repo: str
    architecture: str


def ask_needs(release: Release, inventory: Path | None, variables: Mapping[str, object]) -> Needs:
    """Run a playbook of ours with the release's own Ansible, on this machine alone.

    Args:
        inventory: the rendered hosts.yaml of a cluster, its group_vars beside it; None for a cluster of the release's defaults.
        variables: what is given to Kubespray with -e besides.

    Raises:
        ToolError: the release's variables cannot be loaded, or they do not fit together (an unknown Kubernetes version, say).
    """
    with TemporaryDirectory(prefix="twinkeel-needs-") as name:
        folder = Path(name)
        given = {**variables, "ansible_connection": "local", "ansible_become": False, "twinkeel_answers": str(folder)}
        given["ansible_python_interpreter"] = str(release.programs / "python")
        (folder / "variables.json").write_text(json.dumps(given), encoding="utf-8")
        (folder / "needs.json").write_text(json.dumps(needs_playbook(release.checkout)), encoding="utf-8")
        write_roles(release.checkout, folder / "roles")
        _play(release, inventory or _small_inventory(folder), folder)
        answers = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("answer-*.json"))]
    if not answers:
        raise ToolError("the inventory has no control plane, or no workers", where=str(inventory or ""), hint="twinkeel check")
    return read_answers(answers, read_variable_names(release.checkout))


def read_answers(answers: Sequence[Mapping[str, object]], names: Mapping[str, VariableNames]) -> Needs:
    """The needs of all hosts together, from what the playbook wrote for each kind of host. Pure."""
    files: dict[str, NeededFile] = {}
    images: dict[str, NeededImage] = {}
    packages: dict[str, None] = {}
    for answer in answers:
        downloads, groups = answer["downloads"], answer["groups"]
        assert isinstance(downloads, dict)  # noqa: S101 - the playbook's own shape
        assert isinstance(groups, list)  # noqa: S101
        for name, entry in downloads.items():
            wanted = not entry.get("groups") or set(entry["groups"]) & set(groups)
            if not _is_true(entry.get("enabled")) or not wanted:
                continue
            if _is_true(entry.get("container")):
                image = NeededImage(name, str(entry["repo"]), str(entry["tag"]), _checksum(entry))
                images.setdefault(image.reference, image)
            else:
                file = NeededFile(name, str(entry["url"]), str(entry["dest"]), _checksum(entry), names[name])
                files.setdefault(name, file)
        packages |= dict.fromkeys(str(package) for package in answer["packages"] or ())  # type: ignore[attr-defined]
    first = answers[0]
    version = "v" + str(first["kube_version"]).removeprefix("v")
    repo, architecture = str(first["kube_image_repo"]), str(first["architecture"])
    return Needs(tuple(files.values()), tuple(images.values()), tuple(packages), version, repo, architecture)


def _checksum(entry: Mapping[str, object]) -> str:
    """Older releases say `sha256` and give the digits alone."""
    value = str(entry.get("checksum") or entry.get("sha256") or "")
    if value in ("", "None", "0"):
        return ""
    return value if ":" in value else f"sha256:{value}"


def _is_true(value: object) -> bool:
    return value is True or str(value).lower() in ("true", "yes", "1")


def _small_inventory(folder: Path) -> Path:
    """One host that is everything: the release's defaults alone decide."""
    host = {"node-1": {"ip": "127.0.0.1", "access_ip": "127.0.0.1", "etcd_member_name": "node-1"}}
    groups: dict[str, object] = {group: {"hosts": {"node-1": {}}} for group in ("kube_control_plane", "etcd", "kube_node")}
    groups["k8s_cluster"] = {"children": {"kube_control_plane": {}, "kube_node": {}}}
    path = folder / "inventory" / "hosts.yaml"
    path.parent.mkdir()
    path.write_text(json.dumps({"all": {"hosts": host, "children": groups}}), encoding="utf-8")
    return path


def _play(release: Release, inventory: Path, folder: Path) -> None:
    argv = [str(release.programs / "ansible-playbook"), "-i", str(inventory), "-e", f"@{folder / 'variables.json'}"]
    argv.append(str(folder / "needs.json"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment |= {
        "ANSIBLE_CONFIG": str(release.checkout / "ansible.cfg"),
        "ANSIBLE_ROLES_PATH": str(folder / "roles"),
        "ANSIBLE_CACHE_PLUGIN": "memory",
        "ANSIBLE_STDOUT_CALLBACK": "default",
        "ANSIBLE_CALLBACKS_ENABLED": "default",
        "ANSIBLE_CALLBACK_WHITELIST": "",
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
        "ANSIBLE_NOCOLOR": "1",
        "VIRTUAL_ENV": str(release.environment),
    }
    try:
        ended = subprocess.run(
            argv,
            env=environment,
            cwd=release.checkout,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
    except OSError as error:
        what = f"the release's Ansible cannot be started: {error.strerror}"
        raise ToolError(what, where=argv[0], hint="twinkeel kubespray fetch --force") from error
    except subprocess.TimeoutExpired as error:
        raise ToolError("the release did not report within five minutes what it needs", where=argv[0], hint="try again") from error
    if ended.returncode != 0:
        lines = (ended.stdout + ended.stderr).splitlines()
        message = next((line for line in lines if line.startswith(("fatal:", "ERROR", "[ERROR"))), "".join(lines[-1:]))
        raise ToolError(
            f"{release.tag} cannot say what it needs: {message[:600]}",
            where=str(release.checkout),
            hint="do the cluster's settings fit the release? `twinkeel check` tells",
        )
