"""The secret handshake as two machines, one a role: bytes in, bytes out, and in the end the keys of the box stream.

Knows the order of the messages and who is to blame when it breaks. Must never know sockets, clocks or
where keys come from: randomness is an argument, and a peer that stays silent is the caller's to time out
(with `receive_eof`). Called by `services.network` for each connection with identities.

Phases, as `secret-handshake` 1.1.21 counts them: 1 the client's challenge, 2 the server's challenge, 3 the client's
hello, 4 the server's decision, 5 the server's acceptance.
"""

from dataclasses import dataclass, field
from typing import NoReturn

from common.wire import keyexchange as kx
from common.wire.errors import HandshakeError

__all__ = ["Client", "Outcome", "Server"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a handshake is made for: who the peer is, and keys (32 bytes) and nonces (24) of both directions."""

    remote: bytes
    encrypt_key: bytes = field(repr=False)
    encrypt_nonce: bytes = field(repr=False)
    decrypt_key: bytes = field(repr=False)
    decrypt_nonce: bytes = field(repr=False)


class _Role:
    """What both roles share: the inbox, the outbox and the long-term keys."""

    def __init__(self, app_key: bytes, public: bytes, secret: bytes, ephemeral_seed: bytes) -> None:
        self._app_key = app_key
        self._public = public
        self._secret = secret
        self._ephemeral_public, self._ephemeral_secret = kx.ephemeral_keys(ephemeral_seed)
        self._remote_ephemeral = b""
        self._inbox = bytearray()
        self._outbox = bytearray()
        self._failed: HandshakeError | None = None
        self.outcome: Outcome | None = None

    @property
    def leftover(self) -> bytes:
        """What arrived behind the last message: the beginning of the box stream."""
        return bytes(self._inbox)

    def data_to_send(self) -> bytes:
        """What must be sent now; drained by this call."""
        out = bytes(self._outbox)
        self._outbox.clear()
        return out

    def _take(self, size: int) -> bytes | None:
        if len(self._inbox) < size:
            return None
        message = bytes(self._inbox[:size])
        del self._inbox[:size]
        return message

    def _open(self) -> None:
        if self._failed is not None:
            raise self._failed

    def _refuse(self, phase: int, text: str) -> NoReturn:
        self._failed = HandshakeError(phase, text)
        self._outbox.clear()
        raise self._failed

    def _agree(self, message: bytes, phase: int, text: str) -> bytes:
        """The secret a*b out of the other side's challenge."""
        remote = kx.open_challenge(self._app_key, message)
        shared = None if remote is None else kx.with_ephemeral(self._ephemeral_secret, remote)
        if remote is None or shared is None:
            self._refuse(phase, text)
        self._remote_ephemeral = remote
        return shared

    def _finish(self, remote: bytes, secret: bytes) -> None:
        encrypt, decrypt = kx.box_keys(secret, self._public, remote)
        self.outcome = Outcome(
            remote,
            encrypt,
            kx.nonce_of(self._app_key, self._remote_ephemeral),
            decrypt,
            kx.nonce_of(self._app_key, self._ephemeral_public),
        )


class Client(_Role):
    """The side that dials: it knows the server's public key beforehand and shows its own only to that server.

    `app_key`, `public`, `server_public` and `ephemeral_seed` have 32 bytes, `secret` 64; the seed must be
    random and new for each handshake.
    """

    def __init__(
        self,
        app_key: bytes,
        public: bytes,
        secret: bytes,
        server_public: bytes,
        ephemeral_seed: bytes,
    ) -> None:
        super().__init__(app_key, public, secret, ephemeral_seed)
        self._server = server_public
        self._shared_ab = b""
        self._shared_a_b = b""
        self._proof = b""
        self._outbox += kx.challenge(app_key, self._ephemeral_public)

    def receive_data(self, data: bytes) -> None:
        """Take bytes of the server in pieces of any size.

        Raises:
            HandshakeError: the server is not the one that was called, or speaks otherwise.
        """
        self._open()
        self._inbox += data
        if not self._proof and (message := self._take(kx.CHALLENGE_BYTES)) is not None:
            self._say_hello(message)
        if (
            self._proof
            and self.outcome is None
            and (message := self._take(kx.ACCEPT_BYTES)) is not None
        ):
            self._hear_acceptance(message)

    def receive_eof(self) -> None:
        """Take the server's hanging up, or the end of our patience.

        Raises:
            HandshakeError: always while the handshake is under way.
        """
        self._open()
        if self.outcome is not None:
            return
        if not self._proof:
            self._refuse(
                1,
                "the server hung up on our challenge; it may be busy, speak something else, "
                "or belong to another network (caps.shs)",
            )
        self._refuse(
            3,
            "the server hung up on our hello; the address may carry another server's key, "
            "or this server does not want us (blocked, or full)",
        )

    def _say_hello(self, message: bytes) -> None:
        self._shared_ab = self._agree(
            message, 2, "the server's challenge is none; it may not speak this protocol or network"
        )
        shared = kx.with_identity(self._ephemeral_secret, self._server)
        if shared is None:
            self._refuse(3, "the key in the server's address is no sound key; correct the address")
        self._shared_a_b = shared
        keys = (self._public, self._secret)
        self._proof = kx.client_proof(self._app_key, self._shared_ab, self._server, keys)
        secret = kx.secret_for_hello(self._app_key, self._shared_ab, shared)
        self._outbox += kx.seal_hello(self._proof, secret)

    def _hear_acceptance(self, message: bytes) -> None:
        shared = kx.of_identity(self._secret, self._remote_ephemeral)
        if shared is None:
            self._refuse(5, "the server's ephemeral key is weak; it attacks, or is broken")
        secret = kx.secret_for_accept(self._app_key, self._shared_ab, self._shared_a_b, shared)
        if not kx.open_accept(
            self._app_key, self._shared_ab, self._proof, message, server=self._server, secret=secret
        ):
            self._refuse(
                5, "the server's acceptance does not hold; something between us changed it"
            )
        self._finish(self._server, secret)


class Server(_Role):
    """The side that listens: it learns who calls in message 3 and decides then.

    After `receive_data` has set `client`, the caller answers with `accept` or `refuse`. Lengths as for
    `Client`.
    """

    def __init__(self, app_key: bytes, public: bytes, secret: bytes, ephemeral_seed: bytes) -> None:
        super().__init__(app_key, public, secret, ephemeral_seed)
        self._shared_ab = b""
        self._proof = b""
        self._accept_secret = b""
        self.client: bytes | None = None

    def receive_data(self, data: bytes) -> None:
        """Take bytes of the client in pieces of any size.

        Raises:
            HandshakeError: the client is of another network, does not know our key, or attacks.
        """
        self._open()
        self._inbox += data
        if not self._shared_ab and (message := self._take(kx.CHALLENGE_BYTES)) is not None:
            self._shared_ab = self._agree(
                message,
                1,
                "the client's challenge is none; it may speak another protocol, "
                "or belong to another network (caps.shs)",
            )
            self._outbox += kx.challenge(self._app_key, self._ephemeral_public)
        if (
            self._shared_ab
            and self.client is None
            and (message := self._take(kx.HELLO_BYTES)) is not None
        ):
            self._hear_hello(message)

    def receive_eof(self) -> None:
        """Take the client's hanging up, or the end of our patience.

        Raises:
            HandshakeError: always while the handshake is under way.
        """
        self._open()
        if self.outcome is not None:
            return
        if not self._shared_ab:
            self._refuse(
                1, "the client hung up before its challenge; a port scan or a health check?"
            )
        if self.client is None:
            self._refuse(
                2,
                "the client hung up before its hello; it may belong to another network (caps.shs)",
            )
        self._refuse(4, "the client hung up before we had decided about it")

    def accept(self) -> None:
        """Let the client in: queues message 4 and sets `outcome`.

        Raises:
            ValueError: there is nobody to decide about (a bug of the caller).
        """
        self._open()
        if self.client is None or self.outcome is not None:
            raise ValueError("no client waits for a decision")
        self._outbox += kx.seal_accept(
            self._app_key, self._shared_ab, self._proof, self._secret, self._accept_secret
        )
        self._finish(self.client, self._accept_secret)

    def refuse(self, reason: str) -> NoReturn:
        """Turn the client away without a word, as the protocol asks: the caller closes the connection.

        Raises:
            HandshakeError: always.
        """
        self._refuse(4, f"we did not let the client in: {reason}")

    def _hear_hello(self, message: bytes) -> None:
        shared_a_b = kx.of_identity(self._secret, self._remote_ephemeral)
        if shared_a_b is None:
            self._refuse(3, "the client's ephemeral key is weak; it attacks, or is broken")
        proof = kx.open_hello(
            self._app_key,
            self._shared_ab,
            self._public,
            kx.secret_for_hello(self._app_key, self._shared_ab, shared_a_b),
            message,
        )
        if proof is None:
            self._refuse(
                3, "the client's hello does not hold; it called with a key that is not ours"
            )
        client = proof[-32:]
        shared_ba = kx.with_identity(self._ephemeral_secret, client)
        if shared_ba is None:
            self._refuse(3, "the client's identity is a weak key; it attacks")
        self._proof = proof
        self._accept_secret = kx.secret_for_accept(
            self._app_key, self._shared_ab, shared_a_b, shared_ba
        )
        self.client = client
