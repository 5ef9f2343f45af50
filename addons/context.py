"""`mitmdump -s addons/context.py --listen-host 127.0.0.1`: the suite, as a list of addons."""

from penstock_addons.addons import suite_addons
from penstock_addons.cli.register import Announcer

addons = [*suite_addons(), Announcer()]
