"""Two programs that give out one address."""

from collections.abc import Iterator

from twinkeel.audit.example_cluster import GROUP_VARS, INVENTORY, KEEPALIVED
from twinkeel.audit.kubespray import address, each_inventory, is_on, setting, text, vips
from twinkeel.audit.pair import Pair
from twinkeel.audit.rule import Example, Finding, Rule
from twinkeel.liveconfig.inventory import Inventory


def check(inventory: Inventory, pair: Pair) -> Iterator[Finding]:
    stated = setting(inventory, "kube_vip_address")
    taken = address(text(stated.value)) if stated else None
    word = vips(pair).get(taken) if taken else None
    # kube-vip for Services alone takes no address of the control plane.
    plane = is_on(setting(inventory, "kube_vip_controlplane_enabled"))
    if stated and word and plane and is_on(setting(inventory, "kube_vip_enabled")):
        yield Finding(f"kube-vip holds {taken}, too", stated.value.place, ((word.place, "the pair's virtual IP"),))


RULE = Rule(
    name="kube-vip-beside-keepalived",
    severity="error",
    what="`kube_vip_address` with the pair's virtual IP, and kube-vip switched on for the control plane.",
    why="Keepalived and kube-vip do not know of each other: a control-plane host and a load balancer have the address at once. "
    "Clients reach one or the other, as the last gratuitous ARP has it.",
    fix="one of the two: `kube_vip_enabled: false` where the pair stays",
    source="Kubespray's documentation, kube-vip",
    bad=Example(
        keepalived=KEEPALIVED,
        inventory=INVENTORY,
        group_vars=f"kube_vip_enabled: true\nkube_vip_controlplane_enabled: true\nkube_vip_address: «192.168.1.110»\n{GROUP_VARS}",
    ),
    good=Example(
        keepalived=KEEPALIVED,
        inventory=INVENTORY,
        group_vars=f"kube_vip_enabled: true\nkube_vip_services_enabled: true\nkube_vip_address: 192.168.1.110\n{GROUP_VARS}",
    ),
    check=each_inventory(check),
)
