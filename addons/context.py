"""The script that mitmproxy loads: `mitmdump -s addons/context.py --listen-host 127.0.0.1` runs mitmproxy with all
addons of Penstock."""

from penstock_addons.addons import suite_addons
from penstock_addons.cli.register import Announcer

addons = [*suite_addons(), Announcer()]
