"""What keys and seals can be wrong about."""

from ticketing.model import StateError, StoreError


class VaultError(StoreError):
    """The key file or a sealed value is not as it must be; the text says what to do, and holds no secret.

    A :class:`~ticketing.model.StoreError`: nothing was changed, and the caller cannot mend it.

    Codes of the key file: ``key_missing``, ``key_unreadable``, ``key_too_open``, ``key_malformed``, ``key_unwritable``,
    ``key_sealed`` (the credential that opens it is not here), ``key_credential`` (it is another one).

    Of file and store together: ``key_wrong``, ``hall_changed``, ``proof_missing``, ``suite_changed``,
    ``chain_missing``, ``chain_other``, ``chain_ahead``.

    ``cipher_unknown``, ``cipher_unavailable``, ``seal_broken``, ``log_broken``.
    """


class ErasedError(StateError):
    """The key of that hall day is erased, and with it everything sealed on that day; code ``erased``."""

    def __init__(self, hall_day: str) -> None:
        super().__init__("erased", hall_day=hall_day)
