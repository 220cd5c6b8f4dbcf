"""What every layer may know of FRR. Values only; nothing of ours is imported but their types."""

from twinkeel.vip.daemon import VipDaemon

FRR = VipDaemon(name="FRR", unit="frr", config_path="/etc/frr/frr.conf", known=((8, 4), (10, 7)), known_bad=())
