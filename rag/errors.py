"""The few kinds of error that Cita raises on purpose.

Each message is one sentence that says what happened and what the user can do next. The kinds are
translated to HTTP in `web.problems` and to an exit code in `cli.main`, and nowhere else.
"""


class CitaError(Exception):
    """Base of every error that is meant to be read by the user."""

    http_status = 500
    exit_code = 1


class InputError(CitaError):
    """The request itself cannot be served: an empty question, an unknown parameter."""

    http_status = 422
    exit_code = 2


class SettingsError(CitaError):
    """A setting is unknown or has a value that cannot be used."""

    http_status = 400
    exit_code = 2


class NotFoundError(CitaError):
    """The thing that was named is not there."""

    http_status = 404
    exit_code = 3


class UnreadableError(CitaError):
    """A document's bytes cannot be turned into text."""

    http_status = 415
    exit_code = 4


class StoreError(CitaError):
    """The data folder is held by another process, damaged or made with another model."""

    http_status = 409
    exit_code = 5


class ModelError(CitaError):
    """A model is missing, does not match its hash or cannot be loaded."""

    http_status = 503
    exit_code = 6


class ProviderError(CitaError):
    """The language model's server refused, failed or could not be reached."""

    http_status = 502
    exit_code = 7
