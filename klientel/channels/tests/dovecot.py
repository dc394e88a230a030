"""A real IMAP server (Debian's Dovecot) for the tests: started once in a session, in a folder of its own, on loopback.

Everybody signs in with one password; each name has a mailbox of its own, so that tests do not meet.
"""

from __future__ import annotations

import imaplib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from klientel.channels.tests.provider import Provider

PROGRAM = "/usr/sbin/dovecot"
PASSWORD = "geheim-7"
_CONFIG = """
base_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificates}/leaf.pem
ssl_key = <{certificates}/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {login_user}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
mailbox_idle_check_interval = 1s
maildir_very_dirty_syncs = no
service imap-login {{
  chroot =
  process_min_avail = 0
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
}}
"""

_OAUTH2 = """
introspection_mode = post
introspection_url = http://127.0.0.1:{port}/introspect
username_attribute = username
active_attribute = active
active_value = true
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Dovecot:
    """The server, and what a test does with a mailbox."""

    def __init__(self, certificates: Path) -> None:
        self.certificates, self.folder = certificates, Path(tempfile.mkdtemp(prefix="klientel-imap-", dir="/tmp"))
        self.plain, self.port = free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._validity = 4711
        self.provider = Provider()

    def start(self) -> None:
        me = pwd.getpwuid(os.geteuid())
        root = me.pw_uid == 0
        user = pwd.getpwnam("dovecot") if root else me  # Dovecot serves no mail as root
        (self.folder / "mail").mkdir(exist_ok=True)
        self.folder.chmod(0o755)
        shutil.chown(self.folder / "mail", user.pw_uid, user.pw_gid)
        config = self.folder / "dovecot.conf"
        config.write_text(_CONFIG.format(
            folder=self.folder, certificates=self.certificates, plain=self.plain, tls=self.port, password=PASSWORD,
            user=user.pw_name, group=_group(user.pw_gid), login_user="dovenull" if root else me.pw_name,
            uid=user.pw_uid, gid=user.pw_gid,
        ))  # fmt: skip
        (self.folder / "oauth2.conf").write_text(_OAUTH2.format(port=self.provider.port))
        self.process = subprocess.Popen([PROGRAM, "-F", "-c", str(config)], stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        log = self.folder / "log"
        pytest.fail(f"Dovecot does not start:\n{log.read_text() if log.exists() else ''}", pytrace=False)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
        self.provider.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, user: str) -> imaplib.IMAP4_SSL:
        context = ssl.create_default_context(cafile=str(self.certificates / "ca.pem"))
        made = imaplib.IMAP4_SSL("127.0.0.1", self.port, ssl_context=context)
        made.login(user, PASSWORD)
        return made

    def put(self, user: str, *messages: bytes, folder: str = "INBOX") -> None:
        """Lay messages into a folder, as a delivery does."""
        client = self.client(user)
        for raw in messages:
            kind, said = client.append(folder, "", imaplib.Time2Internaldate(time.time()), raw)
            assert kind == "OK", said
        client.logout()

    def do(self, user: str, *commands: tuple[Any, ...]) -> None:
        """Commands of imaplib, one after the other."""
        client = self.client(user)
        for name, *words in commands:
            kind, said = getattr(client, name)(*words)
            assert kind == "OK", said
        client.logout()

    def rebuild(self, user: str) -> None:
        """The mailbox is built anew from its files, as after a move to another server: another UIDVALIDITY."""
        box = self.folder / "mail" / user
        for one in box.rglob("dovecot*"):
            if one.is_file() and one.parent == box:
                one.unlink()
        listed = box / "dovecot-uidlist"
        listed.write_text(f"3 V{self._validity} N1 G{'0' * 31}1\n")
        shutil.chown(listed, box.stat().st_uid, box.stat().st_gid)
        self._validity += 1


def _group(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name
