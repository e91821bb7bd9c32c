"""A print job as the printer takes it: the words of ``display.slip``, in the items of ``drivers.escpos``."""

from collections.abc import Sequence

from config.settings import HallSettings
from display import receipt, slip
from drivers.escpos import Code, Gap, Item, Rule, Text
from ticketing.cases.cases import Cases
from ticketing.office import Office, PrintJob

WINDOW = "号窗口"
MOST_WINDOWS = 4


def ticket_url(public_host: str, code: str) -> str:
    """What the QR code holds: an address in capitals (QR's alphanumeric mode), or the bare code without a host."""
    return f"HTTPS://{public_host.upper()}/T/{code}" if public_host else code


def receipt_url(public_host: str, code: str) -> str:
    """What the QR code of a case's receipt holds: where its progress is told, or the bare code without a host."""
    return f"HTTPS://{public_host.upper()}/P/{code}" if public_host else code


def lay_out(office: Office, hall: HallSettings, columns: int, job: PrintJob) -> Sequence[Item]:
    """The paper of a job, with the queue or the case as it is now, of so many half-width columns."""
    lines = _slip(office, hall, columns, job) if job.case is None else _receipt(office, hall, columns, job)
    return [_item(line) for line in lines]


def _slip(office: Office, hall: HallSettings, columns: int, job: PrintJob) -> Sequence[slip.SlipLine]:
    view = office.ticket_of_code(job.code)
    return slip.lay_out_slip(
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


def _receipt(office: Office, hall: HallSettings, columns: int, job: PrintJob) -> Sequence[slip.SlipLine]:
    case = Cases(office.ledger).progress(job.code)
    service = next((one for one in office.services() if one.id == case.service), None)
    return receipt.lay_out_receipt(
        receipt.Receipt(
            hall=hall.name,
            service=service.name if service else case.service,
            service_en=service.name_en if service else "",
            outcome=case.outcome,
            promised_on=case.promised_on,
            number=job.ticket.number,
            ended_at=case.ended_at,
            link=receipt_url(hall.public_host, job.code),
            code=job.code,
            copy=job.copy,
        ),
        columns,
    )


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
