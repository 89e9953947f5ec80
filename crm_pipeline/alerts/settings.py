"""`alerts` in crm.yaml: receivers by name, each of one kind, and what each is told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from crm_pipeline.ingestion.connectors.secrets import check_secret, check_url

Subject = Literal["failed_run", "failed_check", "drift", "stale"]
Level = Literal["warning", "error", "critical"]
SUBJECTS: tuple[Subject, ...] = ("failed_run", "failed_check", "drift", "stale")
LEVELS: tuple[Level, ...] = ("warning", "error", "critical")


class Receiver(BaseModel):
    """What every receiver has: ``on`` which subjects, and from which ``severity`` on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: tuple[Subject, ...] = SUBJECTS
    severity: Level = "error"

    def wants(self, subject: str, severity: str) -> bool:
        """Whether it is told of such a thing."""
        return subject in self.on and LEVELS.index(severity) >= LEVELS.index(self.severity)


class LogReceiver(Receiver):
    """One line of JSON per alert, appended to a file (relative to the project)."""

    kind: Literal["log"]
    path: str = Field(default="warehouse/alerts.jsonl", min_length=1)


class WebhookReceiver(Receiver):
    """A POST of JSON to an address; ``bearer`` goes into its `Authorization` header."""

    kind: Literal["webhook"]
    url: str
    bearer: str | None = None

    _url = field_validator("url")(check_url)

    @field_validator("bearer")
    @classmethod
    def _secret(cls, value: str | None) -> str | None:
        return value if value is None else check_secret(value)


class MailReceiver(Receiver):
    """A message through an SMTP server; ``encryption``: `starttls` (default), `tls` from the start, or `none`."""

    kind: Literal["smtp"]
    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: str | None = None
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    to: tuple[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")], ...] = Field(min_length=1)

    @field_validator("password")
    @classmethod
    def _secret(cls, value: str | None) -> str | None:
        return value if value is None else check_secret(value)

    @model_validator(mode="after")
    def _together(self) -> MailReceiver:
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` go together")
        if self.user is not None and self.encryption == "none":
            raise ValueError("a password is not sent without encryption; choose starttls or tls")
        return self


AnyReceiver = Annotated[LogReceiver | WebhookReceiver | MailReceiver, Field(discriminator="kind")]
KINDS: dict[str, type[Receiver]] = {"log": LogReceiver, "webhook": WebhookReceiver, "smtp": MailReceiver}
