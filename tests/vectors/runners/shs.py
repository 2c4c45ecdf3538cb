"""Secret handshake: whole handshakes, faults at each step, and the reference's single functions."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from common.crypto import sodium
from common.wire import keyexchange as kx
from common.wire.errors import WireError
from common.wire.handshake import Client, Server
from tests.vectors.cases import each_case

Case = dict[str, Any]
Check = Callable[[], None]


def _hex(case: Case, key: str) -> bytes:
    return bytes.fromhex(case[key])


def _client(case: Case) -> Client:
    return Client(
        _hex(case, "app_key"),
        _hex(case, "client_public"),
        _hex(case, "client_secret"),
        _hex(case, "server_public"),
        _hex(case, "client_ephemeral_seed"),
    )


def _server(case: Case) -> Server:
    return Server(
        _hex(case, "app_key"),
        _hex(case, "server_public"),
        _hex(case, "server_secret"),
        _hex(case, "server_ephemeral_seed"),
    )


def check_handshake(case: Case) -> None:
    client, server = _client(case), _server(case)
    assert client.data_to_send() == _hex(case, "msg1")
    server.receive_data(_hex(case, "msg1"))
    assert server.data_to_send() == _hex(case, "msg2")
    client.receive_data(_hex(case, "msg2"))
    assert client.data_to_send() == _hex(case, "msg3")
    server.receive_data(_hex(case, "msg3"))
    assert server.client == _hex(case, "client_public")
    server.accept()
    assert server.data_to_send() == _hex(case, "msg4")
    client.receive_data(_hex(case, "msg4"))
    mine, theirs = client.outcome, server.outcome
    assert mine is not None
    assert theirs is not None
    assert mine.remote == _hex(case, "server_public")
    assert theirs.remote == _hex(case, "client_public")
    assert mine.encrypt_key == theirs.decrypt_key == _hex(case, "client_encrypt_key")
    assert mine.decrypt_key == theirs.encrypt_key == _hex(case, "client_decrypt_key")
    assert mine.encrypt_nonce == theirs.decrypt_nonce == _hex(case, "client_encrypt_nonce")
    assert mine.decrypt_nonce == theirs.encrypt_nonce == _hex(case, "client_decrypt_nonce")


_LENGTHS = {
    "client": [kx.CHALLENGE_BYTES, kx.ACCEPT_BYTES],
    "server": [kx.CHALLENGE_BYTES, kx.HELLO_BYTES],
}


def check_fault(case: Case) -> None:
    role: Client | Server = _client(case) if case["role"] == "client" else _server(case)
    received = [bytes.fromhex(m) for m in case["received"]]
    assert _plays_along(role, case["role"], received) == (case["result"] == "accept")


def _plays_along(role: Client | Server, name: str, received: list[bytes]) -> bool:
    """Feeds the messages; on a stream, a longer one is good and its surplus spoils the next."""
    for message, length in zip(received, _LENGTHS[name], strict=False):
        role.data_to_send()
        try:
            role.receive_data(message)
            if len(message) < length:
                role.receive_eof()
        except WireError:
            return False
        if len(message) > length:
            return False
    return (
        bool(role.data_to_send())
        or role.outcome is not None
        or getattr(role, "client", None) is not None
    )


def _state(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _state(v) for k, v in value.items()}
    return bytes.fromhex(value) if isinstance(value, str) else value


def _initialize(result: Case | None, state: Case) -> None:
    assert result is not None
    public, secret = kx.ephemeral_keys(state["random"])
    assert result["local"]["kx_pk"] == public
    assert result["local"]["kx_sk"] == secret
    assert kx.challenge(state["app_key"], public)[:32] == result["local"]["app_mac"]


def _create_challenge(result: bytes, state: Case) -> None:
    assert kx.challenge(state["app_key"], state["local"]["kx_pk"]) == result


def _verify_challenge(result: Case | None, state: Case, message: bytes) -> None:
    remote = kx.open_challenge(state["app_key"], message)
    if result is None:
        assert remote is None
        return
    assert remote is not None
    assert remote == result["remote"]["kx_pk"]
    shared = kx.with_ephemeral(state["local"]["kx_sk"], remote)
    assert shared is not None
    assert shared == result["secret"]
    assert sodium.sha256_digest(shared) == result["shash"]


def _client_verify_challenge(result: Case | None, state: Case, message: bytes) -> None:
    _verify_challenge(result, state, message)
    if result is None:
        return
    app_key, server, local = state["app_key"], state["remote"]["publicKey"], state["local"]
    shared = kx.with_identity(local["kx_sk"], server)
    assert shared is not None
    assert shared == result["a_bob"]
    keys = (local["publicKey"], local["secretKey"])
    assert kx.client_proof(app_key, result["secret"], server, keys) == result["local"]["hello"]
    assert kx.secret_for_hello(app_key, result["secret"], shared) == result["secret2"]


def _client_create_auth(result: bytes, state: Case) -> None:
    assert kx.seal_hello(state["local"]["hello"], state["secret2"]) == result


def _accept_secret(state: Case, shared_ba: bytes) -> bytes:
    return kx.secret_for_accept(state["app_key"], state["secret"], state["a_bob"], shared_ba)


def _client_verify_accept(result: Case | None, state: Case, message: bytes) -> None:
    shared = kx.of_identity(state["local"]["secretKey"], state["remote"]["kx_pk"])
    assert shared is not None
    secret = _accept_secret(state, shared)
    proof, server = state["local"]["hello"], state["remote"]["publicKey"]
    held = kx.open_accept(
        state["app_key"], state["secret"], proof, message, server=server, secret=secret
    )
    assert held == (result is not None)
    if result is not None:
        assert shared == result["b_alice"]
        assert secret == result["secret3"]


def _server_verify_auth(result: Case | None, state: Case, message: bytes) -> None:
    shared_a_b = kx.of_identity(state["local"]["secretKey"], state["remote"]["kx_pk"])
    assert shared_a_b is not None
    app_key, shared_ab = state["app_key"], state["secret"]
    secret = kx.secret_for_hello(app_key, shared_ab, shared_a_b)
    proof = kx.open_hello(app_key, shared_ab, state["local"]["publicKey"], secret, message)
    if result is None:
        assert proof is None
        return
    assert proof is not None
    assert proof == result["remote"]["hello"]
    assert proof[64:] == result["remote"]["publicKey"]
    assert (shared_a_b, secret) == (result["a_bob"], result["secret2"])
    shared_ba = kx.with_identity(state["local"]["kx_sk"], proof[64:])
    assert shared_ba is not None
    assert shared_ba == result["b_alice"]
    assert _accept_secret({**state, "a_bob": shared_a_b}, shared_ba) == result["secret3"]


def _server_create_accept(result: bytes, state: Case) -> None:
    sealed = kx.seal_accept(
        state["app_key"],
        state["secret"],
        state["remote"]["hello"],
        state["local"]["secretKey"],
        state["secret3"],
    )
    assert sealed == result


def _to_keys(result: Case, given: Case | bytes) -> None:
    if isinstance(given, dict):  # keys already: ours are keys by their type
        assert result == given
        return
    assert sodium.keypair(given) == (result["publicKey"], result["secretKey"])


# `clean` is left out: the recorded state was changed in place, and the original test skips it as well.
_FUNCTIONS: dict[str, Callable[..., None]] = {
    "initialize": _initialize,
    "createChallenge": _create_challenge,
    "verifyChallenge": _verify_challenge,
    "clientVerifyChallenge": _client_verify_challenge,
    "clientCreateAuth": _client_create_auth,
    "clientVerifyAccept": _client_verify_accept,
    "serverVerifyAuth": _server_verify_auth,
    "serverCreateAccept": _server_create_accept,
    "toKeys": _to_keys,
}


def _functions(file: Path) -> Iterator[tuple[str, Check]]:
    for n, case in enumerate(json.loads(file.read_text("utf-8"))):
        if case["name"] != "clean":
            yield f"{n} {case['name']}", _bound(case)


def _bound(case: Case) -> Check:
    return lambda: _FUNCTIONS[case["name"]](_state(case["result"]), *map(_state, case["args"]))


RUNNERS = {
    "shs/generated-handshakes.json": each_case(check_handshake),
    "shs/generated-faults.json": each_case(check_fault),
    "shs/test-secret-handshake.json": _functions,
}
