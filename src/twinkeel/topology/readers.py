"""Who may read the metrics, as HAProxy and all three firewalls write it."""

from collections.abc import Iterable

from twinkeel.spec.fields import IPNetwork


def reader_texts(readers: Iterable[IPNetwork]) -> tuple[str, ...]:
    """Networks as a person writes them: one machine is an address (ufw takes a /32 away, and would not know its own rule)."""
    return tuple(str(each.network_address if each.num_addresses == 1 else each) for each in readers)
