"""``quhao``, or ``python -m kiosk``."""

from kiosk.cli.main import quhao


def main() -> None:
    """Run the command line."""
    quhao(prog_name="quhao")


if __name__ == "__main__":
    main()
