"""A print job as the printer takes it: the words of ``display.slip``, in the items of ``drivers.escpos``."""

from collections.abc import Sequence

from config.settings import HallSettings
from display import slip
from drivers.escpos import Code, Gap, Item, Rule, Text
from ticketing.office import Office, PrintJob

WINDOW = "号窗口"
MOST_WINDOWS = 4


def ticket_url(public_host: str, code: str) -> str:
    """What the QR code holds: an address in capitals (QR's alphanumeric mode), or the bare code without a host."""
    return f"HTTPS://{public_host.upper()}/T/{code}" if public_host else code


def lay_out(office: Office, hall: HallSettings, columns: int, job: PrintJob) -> Sequence[Item]:
    """The slip of a job, with the queue as it is now, on paper of so many half-width columns."""
    view = office.ticket_of_code(job.code)
    lines = slip.lay_out_slip(
        slip.Slip(
            hall=hall.name,
            service=view.service_name,
            service_en=view.service_name_en,
            number=view.ticket.number,
            ahead=view.ticket.ahead,
            wait=view.expected_wait,
            place=_place([window.name for window in office.windows() if window.serves(view.ticket.service)]),
            issued_at=view.ticket.issued_at,
            code=ticket_url(hall.public_host, job.code),
            copy=job.copy,
        ),
        columns,
    )
    return [_item(line) for line in lines]


def _place(windows: Sequence[str]) -> str:
    """Where to wait: the windows that may call, as briefly as their names allow; "" when there are too many to say."""
    if len(windows) > MOST_WINDOWS:
        return ""
    numbers = [name.removesuffix(WINDOW) for name in windows]
    if all(name.endswith(WINDOW) for name in windows) and windows:
        return "、".join(numbers) + WINDOW
    return "、".join(windows)


def _item(line: slip.SlipLine) -> Item:
    match line:
        case slip.Words(text, scale, bold):
            return Text(text, scale=scale, bold=bold)
        case slip.QrCode(payload):
            return Code(payload)
        case slip.Divider():
            return Rule()
        case slip.Space(dots):
            return Gap(dots)
