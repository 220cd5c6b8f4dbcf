"""`twinkeel lab up`: the whole procedure, a step a line in `bring_up`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from twinkeel.errors import UsageError
from twinkeel.lab import cgroups, host, manifest, network, processes, requirements, ssh_keys, state
from twinkeel.lab.cleanup import remove_lab
from twinkeel.lab.folders import GIB, require_space
from twinkeel.lab.host_files import base_files
from twinkeel.lab.image import Progress, ensure_image
from twinkeel.lab.layout import to_json
from twinkeel.lab.manifest import Entry, Manifest
from twinkeel.lab.model import HostExtras, LabHost, LabLayout, LabPaths
from twinkeel.lab.ready import wait_for_ssh
from twinkeel.lab.spec_copy import spec_for_lab
from twinkeel.lab.ssh_keys import SshKey

STATE_SPACE = 2 * GIB
SECRET = 0o600


@dataclass
class Making:
    """A lab while it is made. `extras_of` is called once, when the lab's folder and keys are there."""

    layout: LabLayout
    spec: str
    paths: LabPaths
    progress: Progress
    extras_of: Callable[[LabLayout, LabPaths], Mapping[str, HostExtras]]
    image: Path = field(default_factory=Path)
    login_key: SshKey = field(default_factory=lambda: ssh_keys.generate("twinkeel-lab"))


def bring_up(making: Making) -> None:
    """Make the lab; on any failure, an interruption too, all that was made is removed.

    Raises:
        UsageError: we are not root, or a lab of that name is up.
        TwinkeelError: any step's failure, in its own words.
    """
    requirements.require()
    making.image = ensure_image(making.progress)
    with state.locked(making.layout.name):
        remove_leftovers(making)
        try:
            write_intent(making)
            write_ssh_files(making)
            write_hosts(making)
            create_network(making)
            create_control_groups(making)
            boot_hosts(making)
            wait_for_ssh(making.paths, making.layout, making.layout.hosts, _counter(making))
            manifest.set_state(making.paths.manifest, "up")
        except BaseException:
            remove_lab(making.paths)
            raise


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
    if cgroups.systemd_runs_here():
        entries += [Entry("unit", host.unit_name(layout, machine)) for machine in layout.hosts]
    else:
        entries += [Entry("cgroup", str(group)) for group in cgroups.lab_groups(layout)]
        entries += [Entry("cgroup", str(group)) for machine in layout.hosts for group in cgroups.host_groups(layout, machine)]
        entries += [Entry("process", str(paths.host(machine.name) / "supervise")) for machine in layout.hosts]
    manifest.write(paths.manifest, Manifest(layout.name, layout.lab_id, processes.boot_id(), "making", tuple(entries)))
    paths.layout_file.write_text(to_json(layout))
    _write_secret(paths.spec_file, spec_for_lab(making.spec, paths).encode())


def write_ssh_files(making: Making) -> None:
    """The key that opens every host. Hosts' own keys are added to known_hosts when they are made."""
    making.paths.identity_file.parent.mkdir()
    _write_secret(making.paths.identity_file, making.login_key.private)
    making.paths.identity_file.with_suffix(".pub").write_text(f"{making.login_key.public}\n")


def write_hosts(making: Making) -> None:
    """Every host's folder: its overlay, its keys, its scripts."""
    extras = making.extras_of(making.layout, making.paths)
    lines = []
    for machine in making.layout.hosts:
        making.progress(f"preparing {machine.name}", 0.0)
        key = ssh_keys.generate(machine.fqdn)
        lines.append(ssh_keys.known_hosts_line(machine, key))
        files = base_files(making.layout, machine, key, making.login_key)
        host.prepare(making.paths, making.layout, machine, making.image, files, extras.get(machine.name, HostExtras()))
    making.paths.known_hosts_file.write_text("".join(lines))


def create_network(making: Making) -> None:
    """The switch, and every host's cable."""
    network.create_switch(making.layout)
    for machine in making.layout.hosts:
        network.plug_in(making.layout, machine)


def create_control_groups(making: Making) -> None:
    """A private control group for each host in every hierarchy; systemd makes them where it runs the machine."""
    listed = manifest.read(making.paths.manifest)
    for entry in listed.of_kind("cgroup") if listed else ():
        cgroups.create(Path(entry.name))


def boot_hosts(making: Making) -> None:
    """Switch every host on; they boot side by side."""
    for machine in making.layout.hosts:
        host.start(making.paths, making.layout, machine)


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
