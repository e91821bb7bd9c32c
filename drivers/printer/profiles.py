"""What models of ticket printers can do: one table, each row with the documents it was made from. No I/O.

No printer was at hand: every row is from documents, and what a row says without one is listed in its ``unverified``.
"""

from dataclasses import dataclass
from typing import Literal

from drivers.printer.escpos_status import CASHINO, CUSTOM, MASUNG, SNBC, STANDARD, Dialect

ProfileName = Literal[
    "epson",
    "epson-58",
    "generic",
    "generic-58",
    "generic-fs",
    "generic-fs-58",
    "raster-qr",
    "raster-qr-58",
    "write-only",
    "write-only-58",
    "citizen",
    "custom-vkp",
    "custom-kpm",
    "masung",
    "masung-58",
    "snbc",
    "cashino",
    "xprinter",
    "xprinter-58",
    "gainscha",
    "gainscha-58",
]

GS_CUT = b"\x1dVB\x00"
"""GS V 66 0: feed to the cutter and cut, so that nothing is cut through the last line."""
ESC_CUT = b"\x1bi"
DLE_CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""DLE DC4 fn 8: clear the receive and print buffers, in real time; answered by ``37 25 00``."""
GS_CUTS = b"\x1dg2\x00\xb2\x00"
"""GS g 2 178: how often the cutter was driven; answered by ``5F digits 00``."""
CUSTOM_CUTS = b"\x1d\xe2"
"""How many cuts it has made, as text: ``2376 cuts``."""


@dataclass(frozen=True)
class Presenter:
    """Holds a slip out until it is taken. Commands of the model; an empty one it does not have.

    Attributes:
        present: behind the cut: move the slip out so far that it can be taken.
        retract: take it back in, into the box.
        eject: throw it out.
    """

    present: bytes
    retract: bytes
    eject: bytes


@dataclass(frozen=True)
class Profile:
    """What a model of printer can do.

    Attributes:
        name: as in the configuration.
        source: the documents this row was made from.
        width: of the printable area, in dots: 576 on 80 mm paper, 384 on 58 mm.
        confirm: how it tells that a slip is printed: by process id (GS ( H), by an answer in turn (GS r), by its motor
            and exit sensor (``motor``), not at all.
        qr: whether it draws QR codes itself.
        chinese_size: whether GS ! enlarges Chinese too, or FS ! has to be sent beside it.
        status: the questions of status it answers, and what its bits mean.
        cut: ends a slip.
        mark: goes to the next black mark, before the cut; empty where that is not known.
        presenter: what holds the slip out; None for a plain mouth.
        clear: empties its memory in real time; empty where that is not known.
        counter: asks how many cuts it has made; empty where it does not count.
        unverified: which of these no document of the model says.
    """

    name: ProfileName
    source: str
    width: int = 576
    confirm: Literal["gs_h", "gs_r", "motor", "none"] = "gs_r"
    qr: Literal["native", "raster"] = "native"
    chinese_size: Literal["gs", "both"] = "gs"
    status: Dialect = STANDARD
    cut: bytes = GS_CUT
    mark: bytes = b""
    presenter: Presenter | None = None
    clear: bytes = b""
    counter: bytes = b""
    unverified: tuple[str, ...] = ()

    @property
    def columns(self) -> int:
        """How many half-width characters fit in a line; a Chinese one takes two."""
        return self.width // 12


_EPSON = "Epson ESC/POS Application Programming Guide; TM-T88III specification; TM-L90 command manual (GS ( H)"
_CLONES = "Bixolon SRP-350plusIII p. 110 and Better BT-532C p. 49 (GS r); SUREPRINT SP91 p. 66 (Chinese)"
_CUSTOM = "Custom KPM216H pp. 71-76, KPM150H pp. 36-39, VKP80II and KPM300 p. 66; TerminalClient's order of work"
_MASUNG = "Masung SDK, PrintCmd.java (EP800 and EP802)"
_XPRINTER = "public threads on XP-58/80 (GB18030, ESC B); no manual of the maker"
_OF_CLONES = ("confirm", "qr", "chinese_size")

PROFILES: dict[ProfileName, Profile] = {
    profile.name: profile
    for profile in (
        Profile("epson", _EPSON, confirm="gs_h", clear=DLE_CLEAR),
        Profile("epson-58", _EPSON, width=384, confirm="gs_h", clear=DLE_CLEAR),
        Profile("generic", _CLONES, unverified=_OF_CLONES),
        Profile("generic-58", _CLONES, width=384, unverified=_OF_CLONES),
        Profile("generic-fs", "mike42/escpos-php#931 (Zijiang)", chinese_size="both", unverified=("confirm", "qr")),
        Profile(
            "generic-fs-58",
            "mike42/escpos-php#931 (Zijiang)",
            width=384,
            chinese_size="both",
            unverified=("confirm", "qr"),
        ),
        Profile("raster-qr", _CLONES, qr="raster", unverified=("confirm", "chinese_size")),
        Profile("raster-qr-58", _CLONES, width=384, qr="raster", unverified=("confirm", "chinese_size")),
        Profile("write-only", "klirichek/zj-58#2", confirm="none", unverified=("qr", "chinese_size")),
        Profile("write-only-58", "klirichek/zj-58#2", width=384, confirm="none", unverified=("qr", "chinese_size")),
        Profile("citizen", "Citizen CT-S2000 pp. 97-99, CT-S310 p. 310", counter=GS_CUTS, unverified=("confirm", "qr")),
        Profile(
            "custom-vkp",
            _CUSTOM,
            confirm="motor",
            status=CUSTOM,
            cut=ESC_CUT,
            mark=b"\x1d\xf8",
            presenter=Presenter(present=b"\x1de\x03\x0c", retract=b"\x1de\x02", eject=b"\x1de\x05"),
            counter=CUSTOM_CUTS,
            unverified=("qr", "chinese_size", "clear"),
        ),
        Profile(
            "custom-kpm",
            _CUSTOM,
            confirm="motor",
            status=CUSTOM,
            cut=ESC_CUT,
            mark=b"\x1d\xf8",
            # No retraction: it is an option of the KPM, and on the TPTCM the same bytes start the motor.
            presenter=Presenter(present=b"\x1de\x03\x60", retract=b"", eject=b"\x1de\x05"),
            counter=CUSTOM_CUTS,
            unverified=("qr", "chinese_size", "clear"),
        ),
        Profile("masung", _MASUNG, status=MASUNG, mark=b"\x1d\x0c", unverified=("confirm", "qr")),
        Profile("masung-58", _MASUNG, width=384, status=MASUNG, mark=b"\x1d\x0c", unverified=("confirm", "qr")),
        Profile(
            "snbc", "SNBC BT-T080 pp. 38-47, BTP-R880NP p. 50", status=SNBC, mark=b"\x1d\x0c", unverified=("confirm",)
        ),
        Profile(
            "cashino",
            "Cashino KP-628E manual (runtimemafia/bmp-thermalpointer)",
            width=384,
            status=CASHINO,
            unverified=("confirm", "qr"),
        ),
        Profile("xprinter", _XPRINTER, unverified=_OF_CLONES),
        Profile("xprinter-58", _XPRINTER, width=384, unverified=_OF_CLONES),
        Profile("gainscha", _XPRINTER, unverified=_OF_CLONES),
        Profile("gainscha-58", _XPRINTER, width=384, unverified=_OF_CLONES),
    )
}
"""By name. ``epson``: Epson and true compatibles; ``generic``: most others; ``generic-fs``: those that enlarge Chinese
by FS ! only; ``raster-qr``: those without QR codes of their own; ``write-only``: those that never answer."""
