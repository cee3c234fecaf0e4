"""Which model version the alias names: the rule, apart from the registry that it is applied to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Standing:
    """A model version and how it does on the held-out months of the present data."""

    version: str
    log_loss: float | None
    """None: it cannot be scored on the present data."""
    note: str = ""
    """How the log loss was come by, or why there is none."""


@dataclass(frozen=True)
class Decision:
    """Whether the alias moves, and why in one line."""

    moves: bool
    reason: str


def decide(candidate: Standing, champion: Standing | None) -> Decision:
    """The rule: the alias moves if no version holds it, or if the candidate's log loss is not greater than the
    champion's on the same held-out rows.

    Log loss alone decides, because it is a proper scoring rule: it rewards the order of the flights (what AUC sees)
    and the size of the probabilities (what calibration sees), and one number cannot contradict itself. On a tie the
    newer version wins. A champion that the present data cannot be given to stays: nothing shows that the candidate is
    not worse.
    """
    if champion is None:
        return Decision(True, f"version {candidate.version} is the first champion")
    if candidate.log_loss is None:
        return Decision(False, f"version {champion.version} stays champion: {candidate.note}")
    if champion.log_loss is None:
        return Decision(
            False,
            f"version {champion.version} stays champion: it cannot be compared with version {candidate.version},"
            f" {champion.note}; move the alias by hand if the new one is to serve",
        )
    both = f"log loss {candidate.log_loss:.6f} against {champion.log_loss:.6f}{champion.note and f' ({champion.note})'}"
    if candidate.log_loss <= champion.log_loss:
        return Decision(True, f"version {candidate.version} takes over from version {champion.version}: {both}")
    return Decision(False, f"version {champion.version} stays champion, version {candidate.version} is worse: {both}")
