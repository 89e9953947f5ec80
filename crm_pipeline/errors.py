"""Errors that a user reads: one message that says what, where and what to do."""


class CrmError(Exception):
    """Something failed; the message is complete and needs no traceback. Exit code 1."""

    exit_code = 1


class UserError(CrmError):
    """The user's input, settings or command is wrong. Exit code 2."""

    exit_code = 2


class WarehouseError(CrmError):
    """The warehouse cannot be read or written (locked, read-only, full disk, damaged)."""
