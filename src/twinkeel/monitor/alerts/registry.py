"""Every alert, in the order of the rules and of docs/alerts.md. A new alert is a value in one of these modules."""

from twinkeel.monitor.alert import Alert
from twinkeel.monitor.alerts.announcers import ANNOUNCERS
from twinkeel.monitor.alerts.api_servers import API_SERVERS
from twinkeel.monitor.alerts.load_balancers import LOAD_BALANCERS
from twinkeel.monitor.alerts.upkeep import UPKEEP
from twinkeel.monitor.alerts.virtual_ips import VIRTUAL_IPS

ALERTS: tuple[Alert, ...] = (*VIRTUAL_IPS, *ANNOUNCERS, *LOAD_BALANCERS, *API_SERVERS, *UPKEEP)
