"""Hosts that a person names on the command line."""

from difflib import get_close_matches

from twinkeel.errors import UsageError
from twinkeel.topology.model import Machine, Topology


def control_plane_host(topology: Topology, name: str) -> Machine:
    """The control-plane host with this short name or full name.

    Raises:
        UsageError: there is none; the hint names the nearest, or all of them.
    """
    known = {machine.name: machine for machine in topology.control_plane}
    found = known.get(name) or next((machine for machine in topology.control_plane if machine.fqdn == name), None)
    if found is not None:
        return found
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"control-plane hosts: {', '.join(known)}"
    other = next((machine for machine in topology.machines if machine.name == name), None)
    what = f"{name} is a {other.role.replace('_', ' ')}, not a control-plane host" if other else f"there is no host {name}"
    raise UsageError(what, where="the spec's control_plane", hint=hint)
