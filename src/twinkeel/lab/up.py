"""`twinkeel lab up`: the whole procedure, a step a line in `bring_up`."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from twinkeel.debian.sources import machine_release
from twinkeel.debian.suites import Suite, find_suite
from twinkeel.errors import UsageError
from twinkeel.lab import cgroups, host, manifest, network, processes, requirements, ssh_keys, state, watches
from twinkeel.lab.cleanup import remove_lab
from twinkeel.lab.fit import Fit, fit
from twinkeel.lab.folders import GIB, require_space
from twinkeel.lab.host_files import base_files
from twinkeel.lab.image import cache_folder, ensure_image
from twinkeel.lab.kubernetes.api import admin_api
from twinkeel.lab.kubernetes.binaries import resolve_binaries
from twinkeel.lab.kubernetes.cluster import lab_cluster
from twinkeel.lab.kubernetes.extras import host_extras
from twinkeel.lab.kubernetes.pki import load_or_make_pki
from twinkeel.lab.kubernetes.programs import Binaries
from twinkeel.lab.kubernetes.readiness import declare_nodes, wait_for_control_plane
from twinkeel.lab.kubespray.hosts import OVERLAY, bare_cluster, bare_extras
from twinkeel.lab.layout import to_json
from twinkeel.lab.manifest import Entry, Manifest
from twinkeel.lab.mmdebstrap import Progress
from twinkeel.lab.model import HostExtras, LabHost, LabLayout, LabPaths
from twinkeel.lab.ready import wait_for_ssh
from twinkeel.lab.signals import uninterrupted
from twinkeel.lab.spec_copy import spec_for_lab
from twinkeel.lab.ssh_keys import SshKey
from twinkeel.support import extras
from twinkeel.topology.model import Topology

STATE_SPACE = 2 * GIB
SECRET = 0o600
CONTROL_PLANE_DEADLINE = 120.0


@dataclass
class Making:
    """A lab while it is made.

    `spec` is the spec's text, `suite` the Debian release of the hosts. `kubernetes` is what `--kubernetes` says, None for hosts
    without a cluster; `mirror` is a server of Kubernetes releases, None for the official one. `bare`: hosts without anything of
    Kubernetes, on which Kubespray installs it. `fit` is what follows for this image on this machine.
    """

    layout: LabLayout
    topology: Topology
    spec: str
    paths: LabPaths
    progress: Progress
    suite: Suite
    kubernetes: str | None = None
    mirror: str | None = None
    bare: bool = False
    image: Path = field(default_factory=Path)
    binaries: Binaries | None = None
    fit: Fit = field(default_factory=Fit)
    login_key: SshKey = field(default_factory=lambda: ssh_keys.generate("twinkeel-lab"))


def chosen_suite(name: str | None) -> Suite:
    """The Debian release of the hosts: that of this machine unless one is named. Raises UsageError for one that we do not know."""
    own = machine_release()[1]
    return find_suite(own if name is None else name, own)


def bring_up(making: Making) -> None:
    """Make the lab; on any failure, an interruption too, all that was made is removed.

    Raises:
        ExtraMissingError: pyroute2 is not installed.
        UsageError: we are not root, or a lab of that name is up.
        TwinkeelError: any step's failure, in its own words.
    """
    extras.require("pyroute2")
    requirements.require()
    making.image = ensure_image(making.progress, making.suite, bare=making.bare)
    fetch_programs(making)
    see_whether_it_fits(making)
    with state.locked(making.layout.name):
        remove_leftovers(making)
        try:
            write_intent(making)
            write_ssh_files(making)
            write_hosts(making)
            create_network(making)
            create_control_groups(making)
            allow_watches(making)
            boot_hosts(making)
            wait_for_ssh(making.paths, making.layout, making.layout.hosts, _counter(making))
            start_cluster(making)
            manifest.set_state(making.paths.manifest, "up")
        except BaseException:
            with uninterrupted():
                remove_lab(making.paths)
            raise


def fetch_programs(making: Making) -> None:
    """Kubernetes' own programs, from the cache or made now."""
    if making.kubernetes is not None:
        version = making.topology.cluster.version
        making.binaries = resolve_binaries(making.kubernetes, version, cache_folder(), making.mirror, making.progress)


def see_whether_it_fits(making: Making) -> None:
    """What this image and these programs can do on this machine. Raises LabError when its hosts cannot boot here."""
    version = making.topology.cluster.version if making.bare else None
    version = making.binaries.version if making.binaries is not None else version
    minor = int(version.split(".")[1]) if version is not None else None
    making.fit = fit(making.image, making.suite.name, minor)


def remove_leftovers(making: Making) -> None:
    """Refuse a lab that is up; remove what a killed `lab up` or a reboot of the machine left."""
    found = manifest.read(making.paths.manifest)
    if found is not None and found.state == "up" and found.boot_id == processes.boot_id():
        name = making.layout.name
        raise UsageError(f"a lab called {name} is up already", hint=f"twinkeel lab down --name {name}, or give --name NAME")
    remove_lab(making.paths)


def write_intent(making: Making) -> None:
    """The lab's folder, and the list of all that is about to be made: before the first of it is."""
    layout, paths = making.layout, making.paths
    require_space(paths.root, STATE_SPACE, "the lab")
    paths.root.mkdir(parents=True, mode=state.PRIVATE)
    entries = [Entry("namespace", network.switch_namespace(layout))]
    entries += [Entry("namespace", network.host_namespace(layout, machine)) for machine in layout.hosts]
    entries += [Entry("cgroup", str(group)) for group in cgroups.lab_groups(layout)]
    entries += [Entry("cgroup", str(group)) for machine in layout.hosts for group in cgroups.host_groups(layout, machine)]
    if cgroups.systemd_runs_here():
        entries += [Entry("unit", host.unit_name(layout, machine)) for machine in layout.hosts]
    else:
        entries += [Entry("process", str(paths.host(machine.name) / "supervise")) for machine in layout.hosts]
    manifest.write(paths.manifest, Manifest(layout.name, layout.lab_id, processes.boot_id(), "making", tuple(entries)))
    paths.layout_file.write_text(to_json(layout))
    _write_secret(paths.spec_file, spec_for_lab(making.spec, paths).encode())
    if making.bare:
        paths.overlay.write_bytes(OVERLAY.read_bytes())


def write_ssh_files(making: Making) -> None:
    """The key that opens every host. Hosts' own keys are added to known_hosts when they are made."""
    making.paths.identity_file.parent.mkdir()
    _write_secret(making.paths.identity_file, making.login_key.private)
    making.paths.identity_file.with_suffix(".pub").write_text(f"{making.login_key.public}\n")


def write_hosts(making: Making) -> None:
    """Every host's folder: its overlay, its keys, its scripts."""
    extras = _extras(making)
    lines = []
    for machine in making.layout.hosts:
        making.progress(f"preparing {machine.name}", 0.0)
        key = ssh_keys.generate(machine.fqdn)
        lines.append(ssh_keys.known_hosts_line(machine, key))
        files = base_files(making.layout, machine, key, making.login_key)
        own = extras.get(machine.name, HostExtras())
        own = replace(own, environment=(*own.environment, *making.fit.environment))
        host.prepare(making.paths, making.layout, machine, making.image, files, own)
    making.paths.known_hosts_file.write_text("".join(lines))


def _extras(making: Making) -> dict[str, HostExtras]:
    if making.bare:
        bare = bare_cluster(making.layout, making.topology)
        return {machine.name: bare_extras(bare, making.paths, machine) for machine in making.layout.hosts}
    if making.binaries is None:
        return {}
    cluster = lab_cluster(making.layout, making.topology, making.binaries)
    pki = load_or_make_pki(making.paths.pki, cluster)
    making.paths.tools.mkdir()
    (making.paths.tools / "kubectl").symlink_to(making.binaries.kubectl)
    return {
        machine.name: host_extras(cluster, pki, making.binaries, making.paths, machine, nodes=making.fit.nodes)
        for machine in making.layout.hosts
    }


def create_network(making: Making) -> None:
    """The switch, and every host's cable."""
    network.create_switch(making.layout)
    for machine in making.layout.hosts:
        network.plug_in(making.layout, machine)


def create_control_groups(making: Making) -> None:
    """A private control group for each host in every hierarchy that systemd does not look after."""
    listed = manifest.read(making.paths.manifest)
    for entry in listed.of_kind("cgroup") if listed else ():
        cgroups.create(Path(entry.name))
    for machine in making.layout.with_role("load_balancer"):
        cgroups.allow_real_time(making.layout, machine)


def allow_watches(making: Making) -> None:
    """Nine systemds watch more files than a user may by default; the machine's limit is raised, and `down` puts it back."""
    watches.raise_limit(making.paths)


def boot_hosts(making: Making) -> None:
    """Switch every host on; they boot side by side."""
    for machine in making.layout.hosts:
        host.start(making.paths, making.layout, machine)


def start_cluster(making: Making) -> None:
    """Wait for etcd and the API servers, and declare the nodes. They get Ready when the virtual IP works."""
    if making.binaries is None:
        return
    cluster = lab_cluster(making.layout, making.topology, making.binaries)
    api = admin_api(cluster, making.paths)
    wait_for_control_plane(api, cluster, CONTROL_PLANE_DEADLINE, making.progress)
    declare_nodes(api, cluster)


def _counter(making: Making) -> Callable[[LabHost], None]:
    total, ready = len(making.layout.hosts), 0

    def count(machine: LabHost) -> None:
        nonlocal ready
        ready += 1
        making.progress(f"{machine.name} answers ({ready} of {total})", ready / total)

    return count


def _write_secret(path: Path, content: bytes) -> None:
    path.touch(SECRET)
    path.write_bytes(content)
