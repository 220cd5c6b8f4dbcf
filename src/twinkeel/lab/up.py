"""`twinkeel lab up`: the whole procedure, a step a line in `bring_up`."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from twinkeel.debian.sources import machine_release
from twinkeel.debian.suites import DEBIAN, Suite, find_suite
from twinkeel.errors import UsageError
from twinkeel.lab import cgroups, host, inotify_limits, manifest, network, processes, requirements, ssh_keys, state
from twinkeel.lab.cleanup import remove_lab
from twinkeel.lab.fit import Fit, fit
from twinkeel.lab.folders import GIB, require_space
from twinkeel.lab.host_files import base_files
from twinkeel.lab.image import ensure_image
from twinkeel.lab.kubernetes.api import admin_api
from twinkeel.lab.kubernetes.binaries import resolve_binaries
from twinkeel.lab.kubernetes.cluster import lab_cluster
from twinkeel.lab.kubernetes.extras import host_extras
from twinkeel.lab.kubernetes.pki import load_or_make_pki
from twinkeel.lab.kubernetes.programs import Binaries
from twinkeel.lab.kubernetes.readiness import declare_nodes, wait_for_control_plane
from twinkeel.lab.kubespray.hosts import bare_cluster, bare_extras, overlay_for
from twinkeel.lab.layout import to_json
from twinkeel.lab.manifest import Entry, Manifest
from twinkeel.lab.mmdebstrap import Progress
from twinkeel.lab.model import HostExtras, LabHost, LabLayout, LabPaths
from twinkeel.lab.ready import wait_for_ssh
from twinkeel.lab.real_time import real_time_wanted
from twinkeel.lab.routers import install_routers, router_extras
from twinkeel.lab.side_by_side import shares, side_by_side
from twinkeel.lab.signals import uninterrupted
from twinkeel.lab.spec_copy import spec_for_lab
from twinkeel.lab.ssh_keys import SshKey
from twinkeel.support import extras
from twinkeel.support.user_folders import cache_folder
from twinkeel.topology.model import Topology

STATE_SPACE = 2 * GIB
SECRET = 0o600
CONTROL_PLANE_DEADLINE = 120.0
# Of the processors' time, the image takes one part and a build of Kubernetes nine.
WEIGHTS = (1.0, 9.0)
# The hosts' release on a machine of another distribution.
OTHERWISE = "bookworm"


@dataclass
class LabBuild:
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
    """The release of the hosts: that of this machine if it is a Debian, else Debian 12, unless one is named.

    Ubuntu's own containerd serves no kubelet of the Kubernetes that can be built without the official programs.

    Raises:
        UsageError: it is one that we do not know.
    """
    distribution, release = machine_release()
    own = release if distribution == DEBIAN else ""
    return find_suite(name if name is not None else own or OTHERWISE, own)


def bring_up(build: LabBuild) -> None:
    """Make the lab; on any failure, an interruption too, all that was made is removed.

    Raises:
        ExtraMissingError: pyroute2 is not installed.
        UsageError: we are not root, or a lab of that name is up.
        TwinkeelError: any step's failure, in its own words.
    """
    extras.require("pyroute2")
    requirements.require()
    prepare(build)
    see_whether_it_fits(build)
    with state.locked(build.layout.name):
        remove_leftovers(build)
        try:
            write_intent(build)
            write_ssh_files(build)
            write_hosts(build)
            create_network(build)
            create_control_groups(build)
            allow_watches(build)
            boot_hosts(build)
            wait_for_ssh(build.paths, build.layout, build.layout.hosts, _counter(build))
            start_routers(build)
            start_cluster(build)
            manifest.set_state(build.paths.manifest, "up")
        except BaseException:
            with uninterrupted():
                remove_lab(build.paths)
            raise


def prepare(build: LabBuild) -> None:
    """The image and Kubernetes' own programs, from the cache or made now, side by side."""
    image, programs = shares(build.progress, *WEIGHTS)
    if build.kubernetes is None:
        make_image(build, build.progress)
    else:
        side_by_side(lambda: make_image(build, image), lambda: fetch_programs(build, programs))


def make_image(build: LabBuild, progress: Progress) -> None:
    """What every host is an overlay of."""
    build.image = ensure_image(progress, build.suite, bare=build.bare)


def fetch_programs(build: LabBuild, progress: Progress) -> None:
    """Kubernetes' own programs."""
    if build.kubernetes is not None:
        version = build.topology.cluster.version
        build.binaries = resolve_binaries(build.kubernetes, version, cache_folder(), build.mirror, progress)
        build.layout = replace(build.layout, kubernetes=build.binaries.describe(version))


def see_whether_it_fits(build: LabBuild) -> None:
    """What this image and these programs can do on this machine. Raises LabError when its hosts cannot boot here."""
    version = build.topology.cluster.version if build.bare else None
    version = build.binaries.version if build.binaries is not None else version
    minor = int(version.split(".")[1]) if version is not None else None
    build.fit = fit(build.image, build.suite.name, minor)


def remove_leftovers(build: LabBuild) -> None:
    """Refuse a lab that is up; remove what a killed `lab up` or a reboot of the machine left."""
    found = manifest.read(build.paths.manifest)
    if found is not None and found.state == "up" and found.boot_id == processes.boot_id():
        name = build.layout.name
        raise UsageError(f"a lab called {name} is up already", hint=f"twinkeel lab down --name {name}, or give --name NAME")
    remove_lab(build.paths)


def write_intent(build: LabBuild) -> None:
    """The lab's folder, and the list of all that is about to be made: before the first of it is."""
    layout, paths = build.layout, build.paths
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
    _write_secret(paths.spec_file, spec_for_lab(build.spec, paths).encode())
    if build.bare:
        paths.overlay.write_bytes(overlay_for(build.topology.cluster.kubespray).read_bytes())


def write_ssh_files(build: LabBuild) -> None:
    """The key that opens every host. Hosts' own keys are added to known_hosts when they are made."""
    build.paths.identity_file.parent.mkdir()
    _write_secret(build.paths.identity_file, build.login_key.private)
    build.paths.identity_file.with_suffix(".pub").write_text(f"{build.login_key.public}\n")


def write_hosts(build: LabBuild) -> None:
    """Every host's folder: its overlay, its keys, its scripts."""
    extras = _extras(build) | router_extras(build.topology, build.layout)
    lines = []
    for machine in build.layout.hosts:
        build.progress(f"preparing {machine.name}", 0.0)
        key = ssh_keys.generate(machine.fqdn)
        lines.append(ssh_keys.known_hosts_line(machine, key))
        files = base_files(build.layout, machine, key, build.login_key)
        own = extras.get(machine.name, HostExtras())
        own = replace(own, environment=(*own.environment, *build.fit.environment))
        host.prepare(build.paths, build.layout, machine, build.image, files, own)
    build.paths.known_hosts_file.write_text("".join(lines))


def _extras(build: LabBuild) -> dict[str, HostExtras]:
    if build.bare:
        bare = bare_cluster(build.layout, build.topology)
        return {machine.name: bare_extras(bare, build.paths, machine) for machine in build.layout.hosts}
    if build.binaries is None:
        return {}
    cluster = lab_cluster(build.layout, build.topology, build.binaries)
    pki = load_or_make_pki(build.paths.pki, cluster)
    build.paths.tools.mkdir()
    (build.paths.tools / "kubectl").symlink_to(build.binaries.kubectl)
    return {
        machine.name: host_extras(cluster, pki, build.binaries, build.paths, machine, nodes=build.fit.nodes)
        for machine in build.layout.hosts
    }


def create_network(build: LabBuild) -> None:
    """The switch, and every host's cable."""
    network.create_switch(build.layout)
    for machine in build.layout.hosts:
        network.plug_in(build.layout, machine)


def create_control_groups(build: LabBuild) -> None:
    """A private control group for each host in every hierarchy that systemd does not look after."""
    listed = manifest.read(build.paths.manifest)
    for entry in listed.of_kind("cgroup") if listed else ():
        cgroups.create(Path(entry.name))
    cgroups.allow_real_time(build.layout, real_time_wanted(build.topology))


def allow_watches(build: LabBuild) -> None:
    """Nine systemds watch more files than a user may by default; the machine's limit is raised, and `down` puts it back."""
    inotify_limits.raise_limit(build.paths)


def boot_hosts(build: LabBuild) -> None:
    """Switch every host on; they boot side by side."""
    for machine in build.layout.hosts:
        host.start(build.paths, build.layout, machine)


def start_routers(build: LabBuild) -> None:
    """FRR on the lab's routers, where the spec names some."""
    if build.layout.with_role("router"):
        build.progress("installing the routers' FRR", 1.0)
        install_routers(build.paths, build.layout)


def start_cluster(build: LabBuild) -> None:
    """Wait for etcd and the API servers, and declare the nodes. They get Ready when the virtual IP works."""
    if build.binaries is None:
        return
    cluster = lab_cluster(build.layout, build.topology, build.binaries)
    api = admin_api(cluster, build.paths)
    wait_for_control_plane(api, cluster, CONTROL_PLANE_DEADLINE, build.progress)
    declare_nodes(api, cluster)


def _counter(build: LabBuild) -> Callable[[LabHost], None]:
    total, ready = len(build.layout.hosts), 0

    def count(machine: LabHost) -> None:
        nonlocal ready
        ready += 1
        build.progress(f"{machine.name} answers ({ready} of {total})", ready / total)

    return count


def _write_secret(path: Path, content: bytes) -> None:
    path.touch(SECRET)
    path.write_bytes(content)
