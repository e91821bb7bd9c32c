"""The pieces of paper that a printer makes of bytes, without a printer."""

from drivers.simulators.printer.paper import Paper
from drivers.simulators.printer.typesetter import Typesetter, cuts_paper, measure_command


def interpret(data: bytes, width: int = 576) -> list[Paper]:
    """The pieces of paper that ``data`` makes; the last one is perhaps not cut."""
    buffer = bytearray(data)
    typesetter = Typesetter()
    papers = [Paper(1, width)]
    while length := measure_command(buffer) if buffer else 0:
        command = bytes(buffer[:length])
        del buffer[:length]
        papers[-1].bytes += command
        if cuts_paper(command):
            papers[-1].cut = True
            papers.append(Paper(len(papers) + 1, width))
        else:
            typesetter.obey(papers[-1], command)
    return [paper for paper in papers if paper.rows]
