"""What the kiosk says of a code that was held before its scanner: the place in the queue, an appointment's time."""

from datetime import datetime

from display import refusals
from display.prompts import Words
from display.times import time_words
from display.waits import wait_words
from ticketing.appointments.booking import Appointment
from ticketing.line.views import TicketView
from ticketing.model import State


def ticket_words(view: TicketView, desk: Words) -> Words:
    """How a ticket stands, in one sentence."""
    ticket, window = view.ticket, view.window_name or ""
    match ticket.state:
        case State.WAITING if ticket.ahead == 0:
            return Words("马上轮到您，请在大厅等候", "You are next: please stay in the hall")
        case State.WAITING:
            wait = view.expected_wait
            zh, en = f"前面还有 {ticket.ahead} 人", f"{ticket.ahead} ahead of you"
            if wait:
                said = wait_words(*wait)
                zh, en = f"{zh}，{said.zh}", f"{en}, {said.en}"
            return Words(zh, en)
        case State.CALLED:
            return Words(f"正在叫您，请到{window}", f"You are called: please go to window {ticket.window}")
        case State.SERVING:
            return Words(f"正在{window}办理", f"Being served at window {ticket.window}")
        case State.HELD:
            return Words(f"已挂起，继续办理请到{desk.zh}", f"On hold: to go on, please go to {desk.en}")
        case State.MISSED:
            return Words(f"已过号，重新排队请到{desk.zh}", f"The call was missed: to queue again, go to {desk.en}")
    return refusals.words("ticket_over", {"number": ticket.number, "state": str(ticket.state)})


def appointment_words(booked: Appointment, now: datetime) -> Words:
    """What to do about an appointment, in one sentence."""
    at = time_words(booked.begins, now)
    if booked.state != "booked":
        return Words("这个预约已取号、取消或过期", "This appointment was used, cancelled or is over")
    if booked.begins.date() == now.date():
        return Words(f"预约 {at.zh}，请刷身份证取号", f"Booked for {at.en}: lay your ID card to take your number")
    return Words(f"预约 {at.zh}，请到时来刷身份证取号", f"Booked for {at.en}: come then, and lay your ID card")
