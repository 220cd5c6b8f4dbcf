"""An address of the API that is not the pair's."""

from collections.abc import Iterator

from twinkeel.audit.example_cluster import GROUP_VARS, INVENTORY, KEEPALIVED
from twinkeel.audit.kubespray import address, each_inventory, setting, text, vips
from twinkeel.audit.pair import Pair
from twinkeel.audit.rule import Example, Finding, Rule
from twinkeel.liveconfig.inventory import Inventory


def check(inventory: Inventory, pair: Pair) -> Iterator[Finding]:
    balancer, known = setting(inventory, "loadbalancer_apiserver"), vips(pair)
    stated = balancer.value.get("address") if balancer else None
    asked = address(text(stated))
    if stated is not None and asked is not None and known and asked not in known:
        vip, word = next(iter(known.items()))
        yield Finding(
            f"{asked} is no virtual IP of the pair, which has {vip}", stated.place, ((word.place, "the pair's virtual IP"),)
        )


RULE = Rule(
    name="load-balancer-address",
    severity="error",
    what="a `loadbalancer_apiserver` whose address is no virtual IP of the pair.",
    why="The cluster asks an address that does not move: often one load balancer's own. While that host is down, nobody "
    "reaches the API, and the pair is of no use.",
    fix="the virtual IP of keepalived.conf",
    source="Kubespray's documentation, HA endpoints for K8s",
    bad=Example(
        keepalived=KEEPALIVED,
        inventory=INVENTORY,
        group_vars=GROUP_VARS.replace("address: 192.168.1.110", "address: «192.168.1.111»"),
    ),
    good=Example(keepalived=KEEPALIVED, inventory=INVENTORY, group_vars=GROUP_VARS),
    check=each_inventory(check),
)
