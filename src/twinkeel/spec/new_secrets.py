"""New passwords for a new spec."""

import secrets
import string

VRRP_LENGTH = 8
"""All that a VRRP advertisement has room for (RFC 3768's predecessor RFC 2338, section 5.3.10: 8 octets)."""

METRICS_LENGTH = 32
BGP_LENGTH = 32

KEY_BYTES = 32
"""The daemon takes 32 to 64 (vrrp_auth_hmac.h)."""

_CHARACTERS = string.ascii_letters + string.digits
"""What every daemon and YAML reader takes as it is, in quotes."""


def new_secrets_text() -> str:
    """The text of a secrets file with new passwords, different every time."""
    return (
        "# Written by `twinkeel init`. Private: mode 0600, and not into Git. TWINKEEL_VRRP_PASSWORD, TWINKEEL_VRRP_KEY,\n"
        "# TWINKEEL_BGP_PASSWORD and TWINKEEL_METRICS_PASSWORD override these.\n"
        f'vrrp_password: "{_password(VRRP_LENGTH)}" # for `failover: {{authentication: password}}`\n'
        f'vrrp_key: "{secrets.token_hex(KEY_BYTES)}" # for `failover: {{authentication: hmac}}`\n'
        f'bgp_password: "{_password(BGP_LENGTH)}" # for `endpoint: {{bgp: {{authentication: md5}}}}`\n'
        f'metrics_password: "{_password(METRICS_LENGTH)}" # for `haproxy: {{metrics: {{user: ...}}}}`\n'
    )


def _password(length: int) -> str:
    return "".join(secrets.choice(_CHARACTERS) for _ in range(length))
