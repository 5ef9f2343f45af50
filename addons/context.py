"""The script that mitmproxy loads with `mitmdump -s addons/context.py`: it gives mitmproxy all addons of Penstock, and
`Announcer`, so that `penstock run` finds the proxy."""

from penstock_addons.addons import suite_addons
from penstock_addons.cli.announcer import Announcer

addons = [*suite_addons(), Announcer()]
