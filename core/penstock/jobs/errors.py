"""`JobCallError` and its subclasses: why a call about jobs is refused (`InvalidJob`, `NoJob`). `JobFailed`: what a
handler raises when another try is of no use."""

from __future__ import annotations

from penstock.base.errors import PenstockError

__all__ = ["InvalidJob", "JobCallError", "JobFailed", "NoJob"]


class JobCallError(PenstockError):
    """A call about jobs cannot be carried out; nothing was changed. `type` is what the service answers with."""

    type = "invalid"

    def __init__(self, text: str, param: str = "") -> None:
        super().__init__(text)
        self.param = param
        """The field of the call that it is about, empty where it is about none."""


class InvalidJob(JobCallError):
    """The type, queue or payload of a job is not valid."""


class NoJob(JobCallError):
    """There is no job with this id."""

    type = "not_found"


class JobFailed(PenstockError):
    """Raised by a handler: the job fails at once, since another try would end the same way."""
