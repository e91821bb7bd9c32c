"""The layouts of a hall's papers: from its settings and store, and whether what they show fits on the paper."""

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from config.hall_file import HallFile
from config.papers import ReceiptSettings, SlipSettings
from config.problems import ConfigProblem
from config.settings import HallSettings
from display import receipt, slip
from display.slip import LONGEST, Layout, Logo, Part

COLUMNS = {80: 48, 58: 32}
"""Half-width characters across a paper, by its width in mm."""
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


def sample_slip(hall: HallSettings, service: str, service_en: str, place: str) -> slip.Slip:
    """A slip as it will be printed, with numbers as long as they get on a full day."""
    code = code_url(hall.public_host, SAMPLE_CODE)
    return slip.Slip(hall.name, service, service_en, "A128", 12, (25, 40), place, _AT, code)


def sample_receipt(hall: HallSettings, service: str, service_en: str) -> receipt.Receipt:
    """A receipt as it will be printed."""
    link = code_url(hall.public_host, SAMPLE_CODE, "P")
    day = date(2026, 1, 12)
    return receipt.Receipt(hall.name, service, service_en, "promised", day, "A128", _AT, link, SAMPLE_CODE)


def problems_of_papers(said: HallFile, hall: HallSettings) -> Iterator[ConfigProblem]:
    """Layouts that are too long for the paper of one of the hall's services, on paper of either width."""
    for name in ("slip", "receipt"):
        settings = getattr(said, name)
        if settings is not None:
            layout = layout_of(settings)
            services = [(one.name, one.name_en) for one in said.services] or [("", "")]
            bytes_, service = max((least_bytes(name, layout, hall, *one), one[0]) for one in services)
            if bytes_ > LONGEST:
                yield too_long(name, bytes_, service)


def least_bytes(paper: str, layout: Layout, hall: HallSettings, service: str, service_en: str) -> int:
    """How many bytes the paper of a service has at most, once everything dispensable is left out."""
    if paper == "slip":
        facts = sample_slip(hall, service, service_en, "3号窗口")
        return max(slip.weigh_slip(facts, columns, layout) for columns in COLUMNS.values())
    told = sample_receipt(hall, service, service_en)
    return max(receipt.weigh_receipt(told, columns, layout) for columns in COLUMNS.values())


def too_long(paper: str, bytes_: int, service: str) -> ConfigProblem:
    """A layout that is too long."""
    of, of_en = (f"（{service}）", f" for {service}") if service else ("", "")
    return ConfigProblem(
        f"{paper}.lines",
        (
            f"这样一张{of}有 {bytes_} 字节，最多 {LONGEST} 字节，多了 {bytes_ - LONGEST}",
            f"one{of_en} has {bytes_} bytes, {bytes_ - LONGEST} more than the {LONGEST} it may have",
        ),
        ("去掉几行，或缩小标志、缩短自己的话", "leave lines out, make the logo smaller or your own words shorter"),
    )
