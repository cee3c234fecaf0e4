"""What there is in a stack's simulated account: kept beside its state, so that the next operation finds it.

The engine's state says what a program believes to be there; this says what is. The two part where a second resource is
the same to AWS as the first (`identities.py`), and where somebody works on the account by hand.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from offline_providers.aws.identities import IDENTITIES
from offline_providers.aws.outputs import Account
from offline_providers.faults import OfflineError
from offline_providers.wire import Properties, Secret, Value, plain

FILE: Final = "simulated-account.sqlite"
TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS resources"
    " (place TEXT, token TEXT, id TEXT, identity TEXT, there INTEGER, outputs TEXT, urn TEXT,"
    " PRIMARY KEY (place, token, id))"
)


@dataclass(frozen=True)
class Found:
    """A resource of the account."""

    there: bool
    """Whether it still is."""
    outputs: dict[str, Any]
    """Without its secrets, which are kept nowhere in plain text."""


class Inventory:
    """The resources, by account and region, type and id."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / FILE
        self._lock = threading.Lock()
        with closing(self._opened()) as database, database:
            database.execute(TABLE)

    def _opened(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path)
        # What a power cut takes is made up anyway.
        database.execute("PRAGMA synchronous = OFF")
        return database

    def forget(self) -> None:
        """Nothing is there any more, and nothing ever was."""
        with self._lock, closing(self._opened()) as database, database:
            database.execute("DELETE FROM resources")

    def forget_unheard(self, account: Account, token: str, urn: str) -> None:
        """Drops what was made for an address that the engine's state does not have.

        An engine that was killed never heard of it. AWS would keep it, and refuse another of its name until it is
        removed or imported.
        """
        with self._lock, closing(self._opened()) as database, database:
            database.execute(
                "DELETE FROM resources WHERE place = ? AND token = ? AND urn = ?", (_place(account), token, urn)
            )

    def made(
        self, account: Account, token: str, id_: str, inputs: Properties, outputs: Properties, *, urn: str = ""
    ) -> None:
        """Puts a new resource in.

        Raises:
            OfflineError: AWS refuses it, for there is one already that cannot be told from it.
        """
        self._put(account, token, id_, inputs, outputs, is_new=True, urn=urn)

    def changed(self, account: Account, token: str, id_: str, inputs: Properties, outputs: Properties) -> None:
        """A resource with other properties.

        Raises:
            OfflineError: it would become one that there is already.
        """
        self._put(account, token, id_, inputs, outputs, is_new=False)

    def _put(
        self,
        account: Account,
        token: str,
        id_: str,
        inputs: Properties,
        outputs: Properties,
        *,
        is_new: bool,
        urn: str = "",
    ) -> None:
        place, identity = _place(account), _identity(token, {**plain(outputs), **plain(inputs)})
        with self._lock, closing(self._opened()) as database, database:
            other = self._same(database, place, token, identity)
            refusal = IDENTITIES[token].refusal if identity else ""
            if refusal and other is not None and (is_new or other != id_):
                raise OfflineError(f"{refusal}: {', '.join(json.loads(identity or ''))}")
            row = database.execute(
                "SELECT urn FROM resources WHERE place = ? AND token = ? AND id = ?", (place, token, id_)
            ).fetchone()
            owner = urn or (row[0] if row else "")
            values = (place, token, id_, identity, json.dumps(without_secrets(outputs), default=str), owner)
            database.execute("INSERT OR REPLACE INTO resources VALUES (?, ?, ?, ?, 1, ?, ?)", values)

    def removed(self, account: Account, token: str, id_: str) -> None:
        """Takes a resource out, and with it whatever AWS cannot tell from it; its id is remembered."""
        place = _place(account)
        with self._lock, closing(self._opened()) as database, database:
            row = database.execute(
                "SELECT identity FROM resources WHERE place = ? AND token = ? AND id = ?", (place, token, id_)
            ).fetchone()
            identity = IDENTITIES.get(token)
            if row is None or (identity is not None and identity.stays):
                return
            database.execute(
                "UPDATE resources SET there = 0 WHERE place = ? AND token = ? AND (id = ? OR identity = ?)",
                (place, token, id_, row[0]),
            )

    def find(self, account: Account, token: str, id_: str) -> Found | None:
        """A resource that is, or once was; None when there never was one."""
        with self._lock, closing(self._opened()) as database:
            row = database.execute(
                "SELECT there, outputs FROM resources WHERE place = ? AND token = ? AND id = ?",
                (_place(account), token, id_),
            ).fetchone()
        return None if row is None else Found(bool(row[0]), json.loads(row[1]))

    def all_of(self, account: Account, token: str) -> dict[str, dict[str, Any]]:
        """The resources of a type that are there: id → outputs."""
        with self._lock, closing(self._opened()) as database:
            rows = database.execute(
                "SELECT id, outputs FROM resources WHERE place = ? AND token = ? AND there = 1",
                (_place(account), token),
            ).fetchall()
        return {id_: json.loads(outputs) for id_, outputs in rows}

    def is_taken(self, account: Account, token: str, inputs: Mapping[str, Any]) -> bool:
        """Whether a resource that AWS cannot tell from this one is there."""
        with self._lock, closing(self._opened()) as database:
            return self._same(database, _place(account), token, _identity(token, inputs)) is not None

    @staticmethod
    def _same(database: sqlite3.Connection, place: str, token: str, identity: str | None) -> str | None:
        row = database.execute(
            "SELECT id FROM resources WHERE place = ? AND token = ? AND identity = ? AND there = 1",
            (place, token, identity),
        ).fetchone()
        return cast("str", row[0]) if row else None


def without_secrets(value: Value) -> Value:
    """A value without the secrets within it."""
    if isinstance(value, dict):
        return {key: without_secrets(part) for key, part in value.items() if not isinstance(part, Secret)}
    if isinstance(value, list):
        return [without_secrets(part) for part in value if not isinstance(part, Secret)]
    return value


def _place(account: Account) -> str:
    return f"{account.id} {account.region}"


def _identity(token: str, values: Mapping[str, Any]) -> str | None:
    known = IDENTITIES.get(token)
    found = known.of(values) if known else None
    return json.dumps(found) if found else None
