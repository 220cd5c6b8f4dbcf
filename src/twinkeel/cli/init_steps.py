"""The questions of `twinkeel init`, in their order, and how an answer becomes part of a draft."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from twinkeel.errors import UsageError
from twinkeel.spec.draft import SHARED_PORT, Draft, NewHost


@dataclass(frozen=True)
class Step:
    """One question. `field` is the draft's; an answer without a `default` is required.

    `applies` tells whether the question makes sense after the answers so far.
    """

    field: str
    flag: str
    question: str
    take: Callable[[Draft, str], Draft]
    default: Callable[[Draft], str | None] = lambda _: None
    applies: Callable[[Draft], bool] = lambda _: True
    required: bool = False


@dataclass(frozen=True)
class GroupStep:
    """One group of hosts, one a line; an empty line ends it."""

    field: str
    flag: str
    question: str
    required: bool


def _text(field: str) -> Callable[[Draft, str], Draft]:
    return lambda draft, answer: _changed(draft, field, answer)


def _changed(draft: Draft, field: str, value: Any) -> Draft:
    return replace(draft, **{field: value})


def _always(text: str) -> Callable[[Draft], str]:
    return lambda _: text


def take_vips(draft: Draft, answer: str) -> Draft:
    """One virtual IP or several, with blanks or commas between them."""
    return replace(draft, vips=tuple(part for part in re.split(r"[\s,]+", answer) if part))


def take_host(draft: Draft, field: str, answer: str) -> Draft:
    """The draft with one more host in a group.

    Args:
        answer: NAME=ADDRESS, NAME=ADDRESS,ADDRESS6, or just the NAME of a host that another group already has.

    Raises UsageError when it is none of these.
    """
    return _changed(draft, field, (*getattr(draft, field), _host(draft, answer)))


def _host(draft: Draft, answer: str) -> NewHost:
    name, separator, rest = (part.strip() for part in answer.partition("="))
    known = {host.name: host for host in (*draft.workers, *draft.control_plane, *draft.load_balancers)}
    if not separator and name in known:
        return known[name]
    addresses = [part.strip() for part in rest.split(",")]
    if not name or not all(addresses) or len(addresses) > 2:
        raise UsageError(
            f"`{answer}` is not NAME=ADDRESS",
            hint="write it like lb-1=192.168.1.111, with an IPv6 address too: lb-1=192.168.1.111,fd00:1::111; "
            "a host of another group: its name alone",
        )
    return NewHost(name, *addresses)


STEPS: tuple[Step | GroupStep, ...] = (
    Step("name", "--name", "The cluster's name", _text("name"), required=True),
    Step("domain", "--domain", "The domain of its hosts, which are called NAME.DOMAIN", _text("domain"), required=True),
    Step(
        "vips",
        "--vip",
        "The virtual IP with its prefix length, like 192.168.1.110/24 (blanks between several)",
        take_vips,
        required=True,
    ),
    Step(
        "endpoint",
        "--endpoint",
        "The name by which clients find the API",
        _text("endpoint"),
        lambda draft: f"api.{draft.domain}" if draft.domain else None,
    ),
    Step("interface", "--interface", "The network interface of the hosts", _text("interface"), _always("eth0")),
    GroupStep("load_balancers", "--load-balancer", "Load balancers: HAProxy and the virtual IP. Two or more.", required=True),
    GroupStep("control_plane", "--control-plane", "Control plane: API servers and etcd. Three, five or seven.", required=True),
    GroupStep("workers", "--worker", "Workers. There may be none: the control plane runs workloads, too.", required=False),
    Step(
        "port",
        "--port",
        "A load balancer is a control-plane host, where 6443 is the API server's. The endpoint's own port",
        _text("port"),
        _always(SHARED_PORT),
        lambda draft: draft.shares_machines,
    ),
    Step(
        "profile", "--profile", "How fast a loss is noticed: fast, or steady for busy machines", _text("profile"), _always("fast")
    ),
    Step(
        "ssh_user",
        "--ssh-user",
        "The SSH user; one that is not root needs sudo without a password",
        _text("ssh_user"),
        _always("root"),
    ),
)
"""Every question, in the order in which they are asked."""
