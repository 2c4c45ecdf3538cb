"""Which methods exist and who may call them, in the words of `muxrpc` 6.7.3 (`permissions.js`, `local-api.js`).

Pure lookups over a manifest (nested maps of method types) and lists of names. Called by `services.network` for
each request before it leaves that service.
"""

from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Permissions", "method_type", "refusal"]

_Tree = dict[str, "_Tree | bool"]


class Permissions:
    """An allow list (None: everything) and a deny list of method names such as "blobs.has" or "blobs".

    The name of a group stands for all below it.
    """

    def __init__(self, allow: Iterable[str] | None = None, deny: Iterable[str] = ()) -> None:
        self._allow = None if allow is None else _tree(allow)
        self._deny = _tree(deny)

    def refusal(self, name: Sequence[str]) -> str | None:
        """Why a method may not be called, or None when it may."""
        if self._allow is not None and not _covers(self._allow, name):
            return f"method:{','.join(name)} is not in list of allowed methods"
        if _covers(self._deny, name):
            return f"method:{','.join(name)} is on list of disallowed methods"
        return None


def method_type(manifest: Mapping[str, object], name: Sequence[str]) -> str | None:
    """The type that a manifest gives a method, or None when it has no such method."""
    found: object = manifest
    for part in name:
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found if isinstance(found, str) else None


def refusal(
    manifest: Mapping[str, object], permissions: Permissions, call_type: str, name: Sequence[str]
) -> str | None:
    """Why a call is not carried out, or None when it is; what is called as async may be sync."""
    refused = permissions.refusal(name)
    if refused is not None:
        return refused
    found = method_type(manifest, name)
    if found == call_type or (found == "sync" and call_type == "async"):
        return None
    return f"no {call_type}:{','.join(name)}"


def _tree(names: Iterable[str]) -> _Tree:
    root: _Tree = {}
    for name in names:
        *groups, last = name.split(".")
        tree = root
        for group in groups:
            below = tree.setdefault(group, {})
            if isinstance(below, bool):
                break
            tree = below
        else:
            tree[last] = True
    return root


def _covers(tree: _Tree, name: Sequence[str]) -> bool:
    for part in name:
        below = tree.get(part, False)
        if isinstance(below, bool):
            return below
        tree = below
    return False
