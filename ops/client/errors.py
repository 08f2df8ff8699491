"""Error output of commands: what went wrong, the likely cause, and the command to try."""

from __future__ import annotations

from collections.abc import Callable

from ops.client.exit_status import Exit, of_refusal

Explanation = tuple[Exit, str, str | None]


class CommandFailed(Exception):
    """An error whose message a command shows as it is. `hint` is the command to try."""

    def __init__(self, message: str, *, status: Exit = Exit.FAILED, hint: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.hint = hint


class Refused(CommandFailed):
    """The gateway's refusal, unchanged."""

    def __init__(self, code: int, reason: str, message: str, retry_after_ms: int | None = None) -> None:
        later = f"try again in {max(1, round(retry_after_ms / 1000))} s" if retry_after_ms else None
        super().__init__(message, status=of_refusal(code), hint=later)
        self.code = code
        self.reason = reason


def explain(error: BaseException) -> Explanation:
    """Explains an exception. Identifies its class by module name, so that no module is imported for the check."""
    if isinstance(error, CommandFailed):
        return error.status, str(error), error.hint
    if isinstance(error, BaseExceptionGroup):
        return explain(error.exceptions[0])
    for cls in type(error).__mro__:
        if known := _KNOWN.get(f"{cls.__module__.partition('.')[0]}.{cls.__name__}"):
            return known(error)
    if isinstance(error, OSError):
        named = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else _text(error)
        return Exit.FAILED, named, None
    hint = "run it again with LOG_LEVEL=debug for the traceback"
    return Exit.FAILED, f"unexpected {type(error).__name__}: {_text(error)}", hint


def _status(status: Exit, hint: str | None = None) -> Callable[[BaseException], Explanation]:
    return lambda error: (status, _text(error), hint)


def _engine(error: BaseException) -> Explanation:
    return of_refusal(getattr(error, "code", 500)), _text(error), None


def _nats(error: BaseException) -> Explanation:
    return (
        Exit.UNREACHABLE,
        f"NATS does not respond ({type(error).__name__}: {_text(error)})",
        "idexx-sync doctor",
    )


def _database(error: BaseException) -> Explanation:
    return Exit.UNREACHABLE, f"PostgreSQL returned an error: {_text(error)}", "idexx-sync doctor"


def _missing_table(error: BaseException) -> Explanation:
    return Exit.FAILED, f"the database's tables are older than this version: {_text(error)}", "idexx-sync migrate"


_KNOWN: dict[str, Callable[[BaseException], Explanation]] = {
    "actors.SettingsError": _status(Exit.USAGE),
    "engine.EngineError": _engine,
    "engine.VaultError": _status(Exit.USAGE),
    "engine.MigrationError": _status(Exit.FAILED),
    "engine.BrowserMissing": _status(Exit.FAILED, "./ops/setup"),
    "ops.HomeInUse": _status(Exit.FAILED),
    "ops.StartFailed": _status(Exit.FAILED),
    "ops.NatsServerMissing": _status(Exit.FAILED),
    "ops.PostgresMissing": _status(Exit.FAILED),
    "ops.PostgresBroken": _status(Exit.FAILED),
    "ops.NoUnprivilegedUser": _status(Exit.FAILED),
    "ops.SandboxError": _status(Exit.FAILED),
    "dramatiq.ConnectionError": _nats,
    "nats.Error": _nats,
    "asyncpg.UndefinedTableError": _missing_table,
    "asyncpg.UndefinedColumnError": _missing_table,
    "asyncpg.UndefinedFunctionError": _missing_table,
    "asyncpg.PostgresError": _database,
    "asyncpg.InterfaceError": _database,
}


def _text(error: BaseException) -> str:
    return str(error) or type(error).__name__
