"""A print job as the printer takes it: the words of ``display``, in the items of ``drivers.printer.escpos``."""

from collections import deque
from collections.abc import Callable, Container, Iterable, Sequence

from config.settings import HallSettings
from display.paper import closing_slip, receipt, slip
from display.paper.slip import SlipLine
from drivers.printer.escpos import Code, Gap, Item, Raster, Rule, Text
from drivers.printer.glyphs import Picture
from kiosk.exchange.papers import Papers, code_url
from ticketing.day.closing_slips import ClosingSlip
from ticketing.day.numbers import is_leased
from ticketing.day.print_jobs import PrintJob, ReceiptFacts, SlipFacts

WINDOW = "号窗口"
MOST_WINDOWS = 4


class LargePrint:
    """Tickets whose slips are to be in large print, for they were taken in large print.

    It holds the newest 64 of this run of the program: after a power cut a slip is printed in the usual size.
    """

    def __init__(self) -> None:
        self._tickets: deque[int] = deque(maxlen=64)

    def add(self, ticket: int) -> None:
        """Have the slip of this ticket in large print."""
        self._tickets.append(ticket)

    def __contains__(self, ticket: object) -> bool:
        return ticket in self._tickets


def lay_out(
    hall: HallSettings,
    columns: int,
    job: PrintJob | ClosingSlip,
    papers: Callable[[], Papers] = Papers,
    large: Container[int] = (),
) -> Sequence[Item]:
    """The paper of a job, of so many half-width columns, in the layouts that ``papers`` gives now.

    Slips of the tickets in ``large`` are in large print.
    """
    if isinstance(job, ClosingSlip):
        return items_of(_of_log(hall, columns, job))
    return items_of(_of_ticket(hall, columns, job, papers(), job.ticket.id in large))


def _of_log(hall: HallSettings, columns: int, job: ClosingSlip) -> list[SlipLine]:
    anchor = job.anchor.short if job.anchor else ""
    return closing_slip.lay_out_closing_slip(
        closing_slip.ClosingSlip(hall.name, job.box, job.day, job.at, anchor), columns
    )


def _of_ticket(hall: HallSettings, columns: int, job: PrintJob, papers: Papers, large: bool) -> list[SlipLine]:
    match job.facts:
        case SlipFacts(service, windows, wait):
            ticket = job.ticket
            return slip.lay_out_slip(
                slip.Slip(
                    hall=hall.name,
                    service=service.name,
                    service_en=service.name_en,
                    number=ticket.number,
                    ahead=ticket.ahead,
                    wait=wait,
                    place=_place(windows),
                    issued_at=ticket.issued_at,
                    code=code_url(hall.public_host, job.code),
                    copy=job.copy,
                    cut_off=is_leased(job.id),
                ),
                columns,
                papers.slip,
                large=large,
            )
        case ReceiptFacts(service, outcome, ended_at, promised_on):
            return receipt.lay_out_receipt(
                receipt.Receipt(
                    hall=hall.name,
                    service=service.name,
                    service_en=service.name_en,
                    outcome=outcome,
                    promised_on=promised_on,
                    number=job.ticket.number,
                    ended_at=ended_at,
                    link=code_url(hall.public_host, job.code, "P"),
                    code=job.code,
                    copy=job.copy,
                ),
                columns,
                papers.receipt,
            )
        case None:
            raise ValueError(f"print job {job.id} was not taken to be printed")


def items_of(lines: Iterable[SlipLine]) -> list[Item]:
    """The lines of a paper as a printer takes them."""
    return [_item(line) for line in lines]


def _place(windows: Sequence[str]) -> str:
    """Where to wait: the windows that may call, as briefly as their names allow; "" when there are too many to say."""
    if len(windows) > MOST_WINDOWS:
        return ""
    numbers = [name.removesuffix(WINDOW) for name in windows]
    if all(name.endswith(WINDOW) for name in windows) and windows:
        return "、".join(numbers) + WINDOW
    return "、".join(windows)


def _item(line: SlipLine) -> Item:
    match line:
        case slip.TextLine(text, scale, bold, left):
            return Text(text, scale=scale, bold=bold, align="left" if left else "center")
        case slip.QrCode(payload, dots):
            return Code(payload, dots)
        case slip.LogoLine(logo, scale):
            return Raster(Picture(logo.width, logo.dots), scale)
        case slip.Divider():
            return Rule()
        case slip.Space(dots):
            return Gap(dots)
