"""`mitmdump -s addons/context.py --listen-host 127.0.0.1`: the suite, as a list of addons."""

from penstock_addons.addons import suite_addons

addons = suite_addons()
