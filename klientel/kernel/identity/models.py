"""Logins of people (global) and the invitations and API tokens of a tenant."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from klientel.kernel.tenancy.models import Id, TenantModel

THEMES = [("system", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))]
DENSITIES = [("compact", _("Compact")), ("standard", _("Standard")), ("roomy", _("Roomy"))]
LANGUAGES = [("de", "Deutsch"), ("en", "English")]


def new_stamp() -> str:
    """A random text that ties sessions to the present state of a login."""
    return secrets.token_hex(16)


def folded(email: str) -> str:
    """The one way an e-mail address is written in a login: trimmed, lower case."""
    return email.strip().lower()


class Stamp(models.CharField):  # type: ignore[type-arg]
    """A stamp; migrations see a plain CharField, so that they never import our code."""

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, _path, args, kwargs = super().deconstruct()
        kwargs.pop("default", None)
        return name, "django.db.models.CharField", args, kwargs


class UserManager(BaseUserManager["User"]):
    """Finds logins whatever way the address is written. New ones come from ``accounts.create``."""

    def get_by_natural_key(self, username: str | None) -> User:
        """The login of this address, or ``DoesNotExist``."""
        return self.get(email=folded(username or ""))


class User(AbstractBaseUser):
    """A person's login, one for all tenants. It grants nothing: memberships do."""

    id = Id(primary_key=True)
    email = models.EmailField(_("E-mail"), max_length=254, unique=True)
    name = models.CharField(_("Name"), max_length=200)
    language = models.CharField(_("Language"), max_length=8, choices=LANGUAGES, default="de")
    theme = models.CharField(_("Theme"), max_length=8, choices=THEMES, default="system")
    density = models.CharField(_("Row height"), max_length=8, choices=DENSITIES, default="standard")
    single_keys = models.BooleanField(_("Shortcuts of one key"), default=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    stamp = Stamp(max_length=32, default=new_stamp, editable=False)
    tokens_from = models.DateTimeField(default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        app_label = "kernel"
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_is_folded"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = folded(self.email)
        super().save(*args, **kwargs)

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """Sessions end when the password or the stamp changes (second factor, deactivation, end of all sessions)."""
        return _session_hash(f"{self.password}:{self.stamp}", secret or settings.SECRET_KEY)


@lru_cache(maxsize=1000)
def _session_hash(of: str, secret: str | bytes) -> str:
    """Asked at every request, and the same until the password or the stamp changes."""
    return salted_hmac("klientel.kernel.identity.User.session", of, secret=secret, algorithm="sha256").hexdigest()


class Invitation(TenantModel):
    """An open door for one address into one tenant, for a few days and once."""

    id = Id(primary_key=True)
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=8, choices=LANGUAGES, default="de")
    parameters = models.JSONField(default=dict)  # what the new member shall be: handed to the action that makes it
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64)
    invited_by = models.CharField(max_length=60)  # ref of the actor
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, null=True, on_delete=models.DO_NOTHING, related_name="+")

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "prefix"], name="invitation_prefix")]
        indexes = [models.Index(fields=["tenant_id", "email"], name="invitation_email")]

    def __str__(self) -> str:
        return f"invitation {self.id}"

    def is_open(self, now: datetime) -> bool:
        """Whether it can still be accepted."""
        return self.accepted_at is None and self.withdrawn_at is None and now < self.expires_at


class ApiToken(TenantModel):
    """A secret by which a program acts as one member, within scopes and until a day."""

    id = Id(primary_key=True)
    member_id = models.UUIDField()
    user = models.ForeignKey(User, on_delete=models.DO_NOTHING, related_name="+")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "prefix"], name="apitoken_prefix")]
        indexes = [models.Index(fields=["tenant_id", "member_id"], name="apitoken_member")]

    def __str__(self) -> str:
        return f"token {self.prefix}"

    def state(self, now: datetime) -> str:
        """``active``, ``expired`` or ``revoked``."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if now < self.expires_at else "expired"
