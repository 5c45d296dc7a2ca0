"""The command line. stdout is the result, stderr the progress and what went wrong.

Exit codes: 0 done, 1 failure, 2 usage, 3 done but something was skipped, 4 index missing, damaged
or of another version, 5 locked by another process.
"""

import os
import signal
import sys

import click

from searchsvc.cli import asking, making, running
from searchsvc.cli.options import FAILURE, LOCKED, NO_INDEX, USAGE, cli
from searchsvc.errors import (
    ConfigError,
    CorrectionsError,
    IndexLocked,
    IndexProblem,
    ParameterError,
    QueryError,
    SearchServiceError,
    remedy,
)

__all__ = ["asking", "cli", "main", "making", "running"]


def main() -> None:
    """Runs a command and exits with its code; a user's error is one line, never a traceback."""
    signal.signal(signal.SIGTERM, _terminated)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also when started in background
    try:
        sys.exit(cli.main(prog_name="searchsvc", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(128 + signal.SIGINT)
    except SearchServiceError as error:
        click.echo(f"searchsvc: {error}", err=True)
        sys.exit(exit_code(error))
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        click.echo(f"searchsvc: {error}{remedy(error)}", err=True)
        sys.exit(FAILURE)


def exit_code(error: SearchServiceError) -> int:
    """The code that the process ends with for *error*."""
    match error:
        case QueryError() | ParameterError() | ConfigError() | CorrectionsError():
            return USAGE
        case IndexLocked():
            return LOCKED
        case IndexProblem():
            return NO_INDEX
        case _:
            return FAILURE


def _terminated(number: int, frame: object) -> None:
    sys.exit(128 + number)
