"""Error output of commands: what went wrong, the likely cause, and the command to try."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from engine.errors import EngineError, ExpectedError
from ops.client.exit_status import Exit, of_refusal
from ops.client.remedies import remedy

Explanation = tuple[Exit, str, str | None]


class CommandFailed(ExpectedError):
    """An error of a command, with its exit status."""

    def __init__(self, message: str, *, status: Exit = Exit.FAILED, hint: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.hint = hint


class Refused(CommandFailed):
    """The gateway's refusal, unchanged."""

    def __init__(
        self, code: int, reason: str, message: str, retry_after_ms: int | None = None, *, clinic: str | None = None
    ) -> None:
        later = f"try again in {max(1, round(retry_after_ms / 1000))} s" if retry_after_ms else None
        super().__init__(message, status=of_refusal(code), hint=later or remedy(reason, clinic or "CLINIC"))
        self.code = code
        self.reason = reason
        self.retry_after_ms = retry_after_ms


#: The code and the reason of an error that has none of its own, by its exit status.
_KINDS = {
    Exit.USAGE: (400, "bad_request"),
    Exit.LOGIN_REJECTED: (401, "login_rejected"),
    Exit.NO_PERMISSION: (403, "no_permission"),
    Exit.REJECTED: (429, "queue_full"),
    Exit.UNREACHABLE: (503, "unavailable"),
}


def as_reply(error: BaseException) -> dict[str, Any]:
    """Returns an error in the form of the gateway's reply: what `--json` prints."""
    if isinstance(error, BaseExceptionGroup):
        return as_reply(error.exceptions[0])
    status, message, _ = explain(error)
    return reply_of(status, message, error)


def reply_of(status: Exit, message: str, error: BaseException | None = None) -> dict[str, Any]:
    """Returns a refusal. An error of the engine or of the gateway keeps its code and its reason."""
    code, reason = _KINDS.get(status, (500, "internal"))
    if isinstance(error, Refused | EngineError):
        code, reason = error.code, error.reason
    body: dict[str, Any] = {"code": code, "reason": reason, "message": message}
    if (retry_after_ms := getattr(error, "retry_after_ms", None)) is not None:
        body["retry_after_ms"] = retry_after_ms
    return {"ok": False, "error": body}


def explain(error: BaseException) -> Explanation:
    """Explains an exception."""
    if isinstance(error, CommandFailed):
        return error.status, str(error), error.hint
    if isinstance(error, ExpectedError):
        return of_refusal(error.code), _text(error), error.hint
    if isinstance(error, BaseExceptionGroup):
        return explain(error.exceptions[0])
    if (known := _of_postgres(error) or _of_nats(error)) is not None:
        return known
    if isinstance(error, OSError):
        named = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else _text(error)
        return Exit.FAILED, named, None
    hint = "run it again with LOG_LEVEL=debug for the traceback"
    return Exit.FAILED, f"unexpected {type(error).__name__}: {_text(error)}", hint


def _of_postgres(error: BaseException) -> Explanation | None:
    asyncpg = _loaded("asyncpg")
    if asyncpg is None or not isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        return None
    if isinstance(
        error, asyncpg.UndefinedTableError | asyncpg.UndefinedColumnError | asyncpg.UndefinedFunctionError
    ):
        lacking = f"the database's tables are older than this version: {_text(error)}"
        return Exit.FAILED, lacking, "idexx-sync migrate"
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        lacking = f"PostgreSQL's user of DATABASE_URL has no permission: {_text(error)}"
        return Exit.NO_PERMISSION, lacking, "idexx-sync doctor"
    return Exit.UNREACHABLE, f"PostgreSQL returned an error: {_text(error)}", "idexx-sync doctor"


def _of_nats(error: BaseException) -> Explanation | None:
    nats, dramatiq = _loaded("nats.errors"), _loaded("dramatiq.errors")
    if (nats is None or not isinstance(error, nats.Error)) and (
        dramatiq is None or not isinstance(error, dramatiq.BrokerConnectionError)
    ):
        return None
    text = f"NATS does not respond ({type(error).__name__}: {_text(error)})"
    return Exit.UNREACHABLE, text, "idexx-sync doctor"


def _loaded(module: str) -> ModuleType | None:
    """Returns a library's module, if it was imported: no error is its own otherwise, and importing it takes time."""
    return sys.modules.get(module)


def _text(error: BaseException) -> str:
    return str(error) or type(error).__name__
