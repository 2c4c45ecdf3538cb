"""Who is in contact with us: being dialled, connected, or about to be disconnected, as ssb-conn-hub has it.

Knows contacts by address, by key and by the connections that carry them. Must never know who should be there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from common.refs import FeedId
from services.peers.model.entry import Data
from services.peers.model.groups import Group
from services.peers.ping import Ping

__all__ = ["Contact", "Hub", "State"]

State = Literal["connecting", "connected", "disconnecting"]


@dataclass(slots=True)
class Contact:
    """One peer in contact. `dialled` tells that we began it, or one of its connections; `since` when its state began."""

    address: str
    key: FeedId | None
    state: State
    since: int
    data: Data
    dialled: bool
    group: Group
    connections: dict[str, bool] = field(default_factory=dict)
    joined_at: int | None = None
    ping: Ping | None = None

    def shown(self) -> Data:
        """What `conn.peers` shows of it."""
        return {**self.data, "key": self.key, "state": self.state}


class Hub:
    """All contacts; a key has at most one."""

    def __init__(self) -> None:
        self._contacts: dict[str, Contact] = {}
        self._by_key: dict[str, Contact] = {}
        self._by_connection: dict[str, Contact] = {}

    def __len__(self) -> int:
        return len(self._contacts)

    def __iter__(self) -> Iterator[Contact]:
        return iter(tuple(self._contacts.values()))

    def get(self, address: str) -> Contact | None:
        """The contact at an address."""
        return self._contacts.get(address)

    def with_key(self, key: str | None) -> Contact | None:
        """The contact with a peer, wherever it is."""
        return None if key is None else self._by_key.get(key)

    def carried_by(self, connection: str) -> Contact | None:
        """The contact that a connection carries."""
        return self._by_connection.get(connection)

    def find(self, address: str, key: str | None) -> Contact | None:
        """The contact at an address, else the one with its key."""
        return self._contacts.get(address) or self.with_key(key)

    def add(self, contact: Contact) -> None:
        """Note a contact that begins; there is none with its key."""
        self._contacts[contact.address] = contact
        if contact.key is not None:
            self._by_key[contact.key] = contact

    def remove(self, contact: Contact) -> None:
        """The contact is over."""
        self._contacts.pop(contact.address, None)
        if contact.key is not None:
            self._by_key.pop(contact.key, None)
        for connection in contact.connections:
            self._by_connection.pop(connection, None)

    def carry(self, contact: Contact, connection: str, *, dialled: bool) -> None:
        """A connection carries a contact from now on."""
        contact.connections[connection] = dialled
        contact.dialled = any(contact.connections.values())
        self._by_connection[connection] = contact

    def drop(self, connection: str) -> Contact | None:
        """A connection ended; answers whom it carried."""
        contact = self._by_connection.pop(connection, None)
        if contact is not None:
            del contact.connections[connection]
            if contact.connections:
                contact.dialled = any(contact.connections.values())
        return contact
