"""The VIP daemons (VRRP and BGP), for those who need not know which they are: the one list.

Below everything although it lies in `vip`: the spec's rules, the topology and rendering read these values, too, and a mechanism's
folder has all that is said of it. What a daemon's files say is for its renderer and for its backend.
"""

from twinkeel.vip.bgp.daemon import FRR
from twinkeel.vip.daemon import VipDaemon
from twinkeel.vip.keepalived.daemon import KEEPALIVED

VRRP_DAEMON = KEEPALIVED
BGP_DAEMON = FRR
VIP_DAEMONS: tuple[VipDaemon, ...] = (VRRP_DAEMON, BGP_DAEMON)
