"""`suite_addons`: creates the mitmproxy addons that make up Penstock, in the order in which mitmproxy calls their
hooks."""

from __future__ import annotations

from penstock_addons.control.addon import Control
from penstock_addons.control.hangup import HangUp
from penstock_addons.control.quiet_end import QuietEnd
from penstock_addons.control.readiness import Readiness
from penstock_addons.control.shutdown import GracefulShutdown
from penstock_addons.gateway.addon import TeamGateway
from penstock_addons.gateway.personal_data import PersonalData
from penstock_addons.gateway.retry_policy import RetryPolicy
from penstock_addons.gateway.settlement import Settlement
from penstock_addons.gateway.store_threads import StoreThreads
from penstock_addons.gateway.translated_answers import TranslatedAnswers
from penstock_addons.wire.body_limit import BodyLimit
from penstock_addons.wire.browser_requests import WebPages
from penstock_addons.wire.free_pages import FreePages
from penstock_addons.wire.held_answers import HeldAnswers
from penstock_addons.wire.hook_dispatch import HookDispatch
from penstock_addons.wire.hosts import ModelHosts
from penstock_addons.wire.model_requests import ModelRequests
from penstock_addons.wire.options import ProxyOptions
from penstock_addons.wire.peers import Peers
from penstock_addons.wire.recorded_answers import RecordedAnswers
from penstock_addons.wire.refuse_websocket import NoWebSocket

__all__ = ["suite_addons"]


def suite_addons() -> list[object]:
    """New addons that share one set of options, in the order in which their hooks are called."""
    options = ProxyOptions()
    hosts = ModelHosts(options)
    requests = ModelRequests(options, hosts)
    leaving = GracefulShutdown(requests)
    threads = StoreThreads(options, requests)
    personal = PersonalData(threads, requests)
    gateway = TeamGateway(threads, hosts, requests, personal)
    return [
        HookDispatch(),
        options,
        HangUp(),
        QuietEnd(),
        Peers(options),
        hosts,
        Control(options, requests, leaving),
        Readiness(requests, leaving),
        WebPages(options, requests),
        NoWebSocket(hosts),
        gateway,
        RetryPolicy(gateway, threads, requests),
        HeldAnswers(),
        requests,
        BodyLimit(requests),
        Settlement(threads),
        TranslatedAnswers(requests),
        personal,
        RecordedAnswers(),
        FreePages(),
    ]
