"""An address as it stands in a URL: the one place that knows of IPv6 brackets."""

from ipaddress import IPv4Address, IPv6Address


def url_host(address: str | IPv4Address | IPv6Address) -> str:
    """`192.0.2.1` as it is, `2001:db8::1` as `[2001:db8::1]`; a name as it is (RFC 3986, section 3.2.2).

    Args:
        address: without brackets: what has them already is a defect of the caller's.
    """
    text = str(address)
    return f"[{text}]" if ":" in text else text
