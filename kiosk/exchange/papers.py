"""The layouts of a hall's papers: from its settings and store, and whether what they show fits on the paper."""

import functools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from config.hall_file import HallFile
from config.papers import ReceiptSettings, SlipSettings
from config.problems import ConfigProblem
from config.settings import HallSettings
from display.paper import receipt, slip
from display.paper.slip import LONGEST, Layout, Logo, Part, SlipLine

COLUMNS = {80: 48, 58: 32}
"""Half-width characters across a paper, by its width in mm."""
Paper = Literal["slip", "receipt"]
PAPERS: tuple[Paper, ...] = get_args(Paper)
SAMPLE_CODE = "0123456789ABCDEF"
_AT = datetime(2026, 1, 5, 9, 30)  # noqa: DTZ001 - printed as it stands


@dataclass(frozen=True)
class Papers:
    """The layouts in force."""

    slip: Layout = slip.USUAL
    receipt: Layout = receipt.USUAL


def code_url(public_host: str, code: str, page: str = "T") -> str:
    """What a QR code holds: an address in capitals (QR's alphanumeric mode), or the bare code without a host.

    The page is ``T``, a ticket's, ``P``, the progress of a case, or ``B``, a booking's.
    """
    return f"HTTPS://{public_host.upper()}/{page}/{code}" if public_host else code


@functools.lru_cache(8)
def papers_of(kept: str) -> Papers:
    """The layouts that a hall's setup holds; the usual ones where it says nothing."""
    said = json.loads(kept or "{}")
    papers = Papers()
    if "slip" in said:
        papers = replace(papers, slip=layout_of(SlipSettings.model_validate(said["slip"])))
    if "receipt" in said:
        papers = replace(papers, receipt=layout_of(ReceiptSettings.model_validate(said["receipt"])))
    return papers


def layout_of(said: SlipSettings | ReceiptSettings) -> Layout:
    """The layout that settings describe."""
    parts = (Part(one.shows, one.size, one.bold, one.text, one.text_en, one.dots) for one in said.lines)
    logo = None if said.logo is None else Logo(said.logo.width // 8, said.logo.raster())
    return Layout(tuple(parts), said.code_dots, logo)


def lay_out_sample(
    paper: Paper, layout: Layout, hall: HallSettings, service: tuple[str, str], columns: int
) -> list[SlipLine]:
    """A paper of a service, by its names in Chinese and English, as it will be printed on a full day."""
    if paper == "slip":
        return slip.lay_out_slip(_sample_slip(hall, service), columns, layout)
    return receipt.lay_out_receipt(_sample_receipt(hall, service), columns, layout)


def problems_of_papers(said: HallFile, hall: HallSettings) -> Iterator[ConfigProblem]:
    """Layouts that are too long for the paper of one of the hall's services, on paper of either width."""
    services = [(one.name, one.name_en) for one in said.services] or [("", "")]
    for paper in PAPERS:
        settings = getattr(said, paper)
        if settings is not None and (problem := too_long(paper, layout_of(settings), hall, services)):
            yield problem


def too_long(
    paper: Paper, layout: Layout, hall: HallSettings, services: Iterable[tuple[str, str]]
) -> ConfigProblem | None:
    """What is wrong with a layout that is too long, once everything dispensable is left out."""
    bytes_, service = max((least_bytes(paper, layout, hall, one), one[0]) for one in services)
    if bytes_ <= LONGEST:
        return None
    of, of_en = (f"“{service}”的", f" for {service}") if service else ("", "")
    return ConfigProblem(
        f"{paper}.lines",
        (
            f"{of}这张有 {bytes_} 字节，最多 {LONGEST}，多了 {bytes_ - LONGEST}",
            f"it has {bytes_} bytes{of_en}, {bytes_ - LONGEST} more than the {LONGEST} it may have",
        ),
        ("去掉几行，缩小标志，或缩短自己的话", "leave lines out, make the logo smaller or your own words shorter"),
    )


def least_bytes(paper: Paper, layout: Layout, hall: HallSettings, service: tuple[str, str]) -> int:
    """How many bytes the paper of a service has at most, in its briefest form."""
    if paper == "slip":
        facts = _sample_slip(hall, service)
        return max(slip.weigh_slip(facts, columns, layout) for columns in COLUMNS.values())
    told = _sample_receipt(hall, service)
    return max(receipt.weigh_receipt(told, columns, layout) for columns in COLUMNS.values())


def _sample_slip(hall: HallSettings, service: tuple[str, str]) -> slip.Slip:
    code = code_url(hall.public_host, SAMPLE_CODE)
    return slip.Slip(hall.name, *service, "A128", 12, (25, 40), "3号窗口", _AT, code)


def _sample_receipt(hall: HallSettings, service: tuple[str, str]) -> receipt.Receipt:
    link = code_url(hall.public_host, SAMPLE_CODE, "P")
    day = _AT.date() + timedelta(days=7)
    return receipt.Receipt(hall.name, *service, "promised", day, "A128", _AT, link, SAMPLE_CODE)
