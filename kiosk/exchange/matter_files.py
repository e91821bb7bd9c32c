"""Matters as files: what ``config.matters`` checks, as ``ticketing.matters`` keeps it, and back."""

from collections.abc import Iterable

from config.matters import MatterSettings, PaperSettings
from ticketing.matters.matters import Matter, Paper

_SHARED = tuple(name for name in MatterSettings.model_fields if name != "papers")
_PAPER = tuple(PaperSettings.model_fields)


def matters_of(rows: Iterable[MatterSettings]) -> tuple[Matter, ...]:
    """The matters of checked rows."""
    return tuple(
        Matter(
            **{name: getattr(row, name) for name in _SHARED},
            papers=tuple(Paper(**{name: getattr(paper, name) for name in _PAPER}) for paper in row.papers),
        )
        for row in rows
    )


def rows_of(matters: Iterable[Matter]) -> tuple[MatterSettings, ...]:
    """The reverse of :func:`matters_of`."""
    return tuple(
        MatterSettings.model_construct(
            **{name: getattr(one, name) for name in _SHARED},
            papers=tuple(
                PaperSettings.model_construct(**{name: getattr(paper, name) for name in _PAPER}) for paper in one.papers
            ),
        )
        for one in matters
    )
