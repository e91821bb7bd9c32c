"""What the memory of a running program holds, and nothing else does: it is gone with the program."""

from dataclasses import dataclass

from ticketing.privacy.reading_key import ReadingKey


@dataclass(frozen=True)
class UnprintedCode:
    """The code of a slip that is not printed yet; ``opens``: whether it opens the resident's data."""

    code: str
    opens: bool

    def __repr__(self) -> str:
        return "<UnprintedCode>"


class Memory:
    """Of one box. Safe to use from any thread: each change is one step of a dictionary.

    Attributes:
        codes: by print job. Set before the job is committed; after a rollback the next job of this number has it.
        reading: opens the data of residents being served.
    """

    def __init__(self) -> None:
        self.codes: dict[int, UnprintedCode] = {}
        self.reading = ReadingKey()

    def __repr__(self) -> str:
        return "<Memory>"

    def renew(self) -> None:
        """Forget what is of the day before: its slips are not printed any more, and its services are over."""
        self.codes.clear()
        self.reading = ReadingKey()
