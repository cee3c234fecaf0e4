"""How much of a delivery may be refused. Above it nothing is published: such a delivery is wrong as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from platform_contract import TableCounts

from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.raw.raw_tables import RAW_TABLES
from spark_preprocessing.raw.reasons import WITHOUT_OUTCOME

WITHOUT_OUTCOME_KEY: Final = "without_outcome"
ROUTES_KEY: Final = "routes"

LIMITS: Final[Mapping[str, float]] = {
    **{table.name: 0.01 for table in RAW_TABLES},
    WITHOUT_OUTCOME_KEY: 0.1,
    ROUTES_KEY: 0.1,
}
"""The greatest share of a raw table's rows that may be refused; of flights that were cancelled or never seen to arrive;
and of routes whose distance contradicts the places of their ends.

Of the flights of 2013 none is refused and 2.8% have no outcome; of their weather one row in 26,115 is refused, and of
the airports one in 1,458. 2020 was the worst year since 1987: 6% of flights were cancelled (Bureau of Transportation
Statistics)."""

OPTION: Final = "--allow-refused"


class RefusedTooMuchError(PreprocessingError):
    """More of a delivery is refused than may be."""


def parse_limits(words: Iterable[str]) -> dict[str, float]:
    """The limits, with those of words such as ``weather=0.2`` in place of the package's own.

    Raises:
        PreprocessingError: a word is no such; all of them are told at once.
    """
    limits, faults = dict(LIMITS), []
    for word in words:
        name, _, text = word.partition("=")
        try:
            share = float(text)
        except ValueError:
            share = -1.0
        if name in LIMITS and 0 <= share <= 1:
            limits[name] = share
        else:
            faults.append(f"{OPTION} {word}: not NAME=SHARE with a share from 0 to 1 and one of {', '.join(LIMITS)}.")
    if faults:
        raise PreprocessingError("\n".join(faults))
    return limits


def require_within(limits: Mapping[str, float], tables: Mapping[str, TableCounts]) -> None:
    """Holds the counts of all raw tables against the limits.

    Raises:
        RefusedTooMuchError: with every table of which too much is refused, why, and what to do.
    """
    faults, allowed = [], []
    for key, rows, refused in _shares(tables):
        count = sum(refused.values())
        if count > limits[key] * rows:
            reasons = ", ".join(f"{reason} {number:,}" for reason, number in sorted(refused.items()))
            faults.append(
                f"  {key}: {count:,} of {rows:,} rows ({count / rows:.1%}, at most {limits[key]:.1%}): {reasons}"
            )
            allowed.append(f"{OPTION} {key}={_above(count / rows)}")
    if faults:
        raise RefusedTooMuchError(
            "More of the delivery is refused than may be; nothing was published.\n"
            + "\n".join(faults)
            + f"\nHave it delivered again. If this is how the data is, say so: spark-preprocess run {' '.join(allowed)}"
        )


def require_routes(limits: Mapping[str, float], contradicting: int, routes: int) -> None:
    """Holds the routes against the limit.

    Raises:
        RefusedTooMuchError: too many have a distance that the places of their ends contradict.
    """
    if contradicting > limits[ROUTES_KEY] * routes:
        raise RefusedTooMuchError(
            f"The distances of {contradicting:,} of {routes:,} routes contradict the coordinates of their airports, and"
            f" {limits[ROUTES_KEY]:.1%} may; nothing was published. Are the distances in miles, and the coordinates in"
            f" degrees? If this is how the data is, say so: spark-preprocess run"
            f" {OPTION} {ROUTES_KEY}={_above(contradicting / routes)}"
        )


def _shares(tables: Mapping[str, TableCounts]) -> Iterable[tuple[str, int, dict[str, int]]]:
    """Key of a limit, rows that it is a share of, and refused rows by reason."""
    for name, counts in tables.items():
        faulty = {reason: rows for reason, rows in counts.refused.items() if reason not in WITHOUT_OUTCOME}
        without = {reason: rows for reason, rows in counts.refused.items() if reason in WITHOUT_OUTCOME}
        yield name, counts.rows_in, faulty
        if without:
            yield WITHOUT_OUTCOME_KEY, counts.rows_in, without


def _above(share: float) -> float:
    """The next thousandth."""
    return min(1.0, (int(share * 1000) + 1) / 1000)
