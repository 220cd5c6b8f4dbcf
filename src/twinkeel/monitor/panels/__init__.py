"""What the dashboard shows: each panel's queries. How it looks is in `dashboard`."""

from twinkeel.monitor.panels.haproxy import TRAFFIC
from twinkeel.monitor.panels.now import NOW
from twinkeel.monitor.panels.panel import Row
from twinkeel.monitor.panels.upkeep import UPKEEP
from twinkeel.monitor.panels.virtual_ips import MOVES

ROWS: tuple[Row, ...] = (NOW, MOVES, TRAFFIC, UPKEEP)
