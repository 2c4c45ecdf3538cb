"""The table of the service `api`: its methods, their muxrpc types, and who may call them.

Everything here is for ourselves (`master`), but for `invite.use`, which is for guests.
"""

import os
from collections.abc import Mapping

from common.bus import Method, Node
from common.refs import FeedId
from common.runtime.settings import Settings
from common.runtime.workers import service_of
from services.api.handlers.about import AboutHandlers
from services.api.handlers.addresses import AddressHandlers
from services.api.handlers.clearing import ClearingHandlers
from services.api.handlers.friends import FriendHandlers
from services.api.handlers.help import HelpHandlers
from services.api.handlers.invites import InviteHandlers
from services.api.handlers.messages import MessageHandlers
from services.api.handlers.private import PrivateHandlers
from services.api.handlers.tribes import TribeHandlers
from services.api.handlers.upkeep import UpkeepHandlers
from services.api.settings import Ooo

GUEST = ("guest",)


def methods(node: Node, feed: FeedId, settings: Settings) -> Mapping[str, Method]:
    """Bind the table to its handlers, but for the invites; `feed` is our own."""
    about = AboutHandlers(node, feed, asked(settings))
    friends, tribes = FriendHandlers(node), TribeHandlers(node, feed, os.urandom)
    addresses = AddressHandlers(node)
    helps, boxes = HelpHandlers(), PrivateHandlers(node, tribes, os.urandom)
    workers = [name for name in asked(settings) if service_of(name) == "replication"]
    ooo = settings.section("ooo", Ooo)
    messages = MessageHandlers(node, workers, ooo)
    upkeep = UpkeepHandlers(node, messages, workers, ooo.timeout)
    return {
        "health": Method("async", about.health, muxrpc=False),
        "whoami": Method("sync", about.whoami),
        "version": Method("sync", about.version),
        "status": Method("sync", about.status),
        "progress": Method("sync", about.progress),
        "metrics": Method("sync", about.metrics),
        "help": Method("sync", helps.help),
        "plugins.help": Method("sync", helps.plugins_help),
        "plugins.install": Method("source", helps.no_plugins),
        "plugins.uninstall": Method("source", helps.no_plugins),
        "plugins.enable": Method("async", helps.no_plugins),
        "plugins.disable": Method("async", helps.no_plugins),
        "deviceAddress.announce": Method("async", addresses.announce),
        "deviceAddress.help": Method("sync", addresses.help),
        "friends.follow": Method("async", friends.follow),
        "friends.block": Method("async", friends.block),
        "get": Method("async", messages.get, after="storage"),
        "private.publish": Method("async", boxes.publish),
        "publish": Method("async", tribes.publish, after="storage"),
        "tribes.publish": Method("async", tribes.publish),
        "tribes.create": Method("async", tribes.create),
        "tribes.invite": Method("async", tribes.invite),
        "tribes.excludeMembers": Method("async", tribes.exclude),
        "tribes.addPOBox": Method("async", tribes.add_po_box),
        "tribes.link.create": Method("async", tribes.link),
        "tribes.link.createSubGroupLink": Method("async", tribes.link_subgroup),
        "tribes.subtribe.create": Method("async", tribes.create_subgroup),
        "fsck": Method("source", upkeep.fsck),
        "compact": Method("source", upkeep.compact),
        "ooo.get": Method("async", messages.ooo_get),
        "ooo.help": Method("sync", messages.ooo_help),
    }


def invite_methods(invites: InviteHandlers) -> Mapping[str, Method]:
    """The table of the invites."""
    return {
        "invite.create": Method("async", invites.create),
        "invite.use": Method("async", invites.use, GUEST),
        "invite.accept": Method("async", invites.accept),
        "invite.list": Method("source", invites.listing),
        "invite.label": Method("async", invites.label),
        "invite.revoke": Method("async", invites.revoke),
        "invite.help": Method("sync", invites.help),
        "invite.guests": Method("source", invites.guests, muxrpc=False),
    }


def clearing_methods(handlers: ClearingHandlers) -> Mapping[str, Method]:
    """The table of feeds that go."""
    return {
        "friendsPurge.start": Method("sync", handlers.start),
        "friendsPurge.stop": Method("sync", handlers.stop),
        "retention.list": Method("source", handlers.list),
    }


def asked(settings: Settings) -> list[str]:
    """The names on the bus of everybody whom this service calls."""
    return [name for name in settings.processes if name != "api"]
