"""The forms of a box: the files in one folder, each with all that is wrong with it.

``quhao check`` tells every problem of every file. A service that starts leaves a form with problems out and logs them:
a hall opens with a wrong form, and without it.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

from config.problems import ConfigError, ConfigProblem
from kiosk.forms.files import Form, read_form

log = logging.getLogger(__name__)


def load_forms(folder: Path | None) -> dict[str, Form]:
    """The forms in a folder that have no problem, by id, in the order of their names; the others are logged."""
    found: dict[str, Form] = {}
    for path in form_files(folder):
        try:
            found[path.stem] = checked_form(path)
        except ConfigError as error:
            log.error("this form is left out: %s", error)
    return found


def form_files(folder: Path | None) -> list[Path]:
    """The files of forms in a folder, by name; none for None or for a folder that is not there."""
    return sorted(folder.glob("*.toml")) if folder else []


def checked_form(path: Path) -> Form:
    """The form in a file whose PDF and the places on it are right, too; raises :class:`ConfigError`."""
    form = read_form(path)
    if problems := list(_on_paper(form)):
        raise ConfigError(path, problems)
    return form


def _on_paper(form: Form) -> Iterable[ConfigProblem]:
    """What is wrong with the PDF, or with the places on it."""
    if form.pdf is None:
        return ()
    try:
        from kiosk.forms import paper
    except ImportError:
        return (
            ConfigProblem(
                "pdf",
                ("没有安装打印表格的软件", "the software that prints forms is not installed"),
                ("pip install 'quhao[forms]'", "pip install 'quhao[forms]'"),
            ),
        )
    return paper.problems(form.file, form.pdf)
