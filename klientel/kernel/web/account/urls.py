"""Addresses of this room. The names are those that allauth looks up."""

from __future__ import annotations

from allauth.account import views as sign_in
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from django.urls import path, re_path

from klientel.kernel.web.account import api_tokens, invitation, views
from klientel.kernel.web.account.pages import private

urlpatterns = [
    path("account", views.account, name="account"),
    path("account/login", private(sign_in.login), name="account_login"),
    path("account/login/code", private(mfa.authenticate), name="mfa_authenticate"),
    path("account/logout", private(sign_in.logout), name="account_logout"),
    path("account/inactive", private(sign_in.account_inactive), name="account_inactive"),
    path("account/signup", private(sign_in.signup), name="account_signup"),
    path("account/confirm", private(sign_in.reauthenticate), name="account_reauthenticate"),
    path("account/confirm/code", private(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("account/email", views.email, name="account_email"),
    path("account/email/confirm/<str:key>", private(sign_in.confirm_email), name="account_confirm_email"),
    path("account/password/change", private(sign_in.password_change), name="account_change_password"),
    path("account/password/set", private(sign_in.password_set), name="account_set_password"),
    path("account/password/reset", private(sign_in.password_reset), name="account_reset_password"),
    path("account/password/reset/sent", private(sign_in.password_reset_done), name="account_reset_password_done"),
    path(
        "account/password/reset/done",
        private(sign_in.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^account/password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)$",
        private(sign_in.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path("account/security", private(mfa.index), name="mfa_index"),
    path("account/security/app", private(totp.activate_totp), name="mfa_activate_totp"),
    path("account/security/app/qr.svg", views.totp_qr, name="account_totp_qr"),
    path("account/security/app/remove", private(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("account/security/codes", private(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("account/security/codes/new", private(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("account/sessions", views.sessions, name="usersessions_list"),
    path("account/tokens", api_tokens.token_list, name="account_tokens"),
    path("account/tokens/<uuid:token_id>/revoke", api_tokens.revoke, name="account_token_revoke"),
    path("account/profile", views.profile, name="account_profile"),
    path("account/tenant", views.workspaces, name="account_workspaces"),
    path("account/tenant/<uuid:tenant_id>", views.change_workspace, name="account_workspace"),
    path("invitation", invitation.invitation, name="invitation"),
    path("invitation/<str:text>", invitation.arrive, name="invitation_link"),
]
