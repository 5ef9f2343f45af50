"""`mitmdump -s addons/context.py`: the suite, as a list of addons."""

from penstock_addons.addons import suite_addons

addons = suite_addons()
