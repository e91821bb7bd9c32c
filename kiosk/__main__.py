"""``quhao``, or ``python -m kiosk``."""

import os

# pydantic would look through all installed packages for plugins at each start: 20 ms.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from kiosk.cli.main import quhao


def main() -> None:
    """Run the command line."""
    quhao(prog_name="quhao")


if __name__ == "__main__":
    main()
