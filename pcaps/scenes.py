"""The small captures: OpenSSL with both sides' certificates, TLS 1.3, and a mail server."""

from __future__ import annotations

import shutil
import smtplib
import subprocess
from typing import TYPE_CHECKING

from peers import Server, chain_files
from pki import Fault, Identity, Recipe, days

if TYPE_CHECKING:
    from pathlib import Path

    from pki import Workshop
    from stage import Stage

OPERATOR = "Example Works"


def corporate(workshop: Workshop) -> tuple[Identity, Identity]:
    """Make a root and an issuing CA."""
    make = workshop.make
    root = make(
        Recipe("Example Works Root", OPERATOR, is_ca=True, key="rsa2048", not_before=days(-2000), not_after=days(5000))
    )
    issuing = make(
        Recipe("Example Works Issuing", OPERATOR, root, is_ca=True, not_before=days(-900), not_after=days(2500))
    )
    return root, issuing


def openssl_mutual(stage: Stage) -> None:
    """Both sides' chains, an empty client chain, a resumption, stapled OCSP, a refusal, a pre-shared key."""
    root, issuing = corporate(stage.workshop)
    make = stage.workshop.make
    devices = make(Recipe("Example Works Devices", OPERATOR, root, is_ca=True, key="rsa2048", not_after=days(2500)))
    robot = make(Recipe("robot-7.plant.example", OPERATOR, devices, sans=("dns:robot-7.plant.example",)))
    line = make(Recipe("line.plant.example", OPERATOR, issuing, key="rsa2048", sans=("dns:line.plant.example",)))
    store = make(
        Recipe("store.plant.example", OPERATOR, issuing, key="p384", sans=("dns:store.plant.example", "ip:127.0.0.1"))
    )
    lab = make(Recipe("lab.plant.example", OPERATOR, issuing, key="ed25519", sans=("dns:lab.plant.example",)))

    mutual = stage.serve(Server("127.0.0.1", 4433, (line, issuing), asks=(devices, root), options=("-tls1_2",)))
    ticket = stage.folder / "ticket"
    stage.call(
        mutual,
        "127.0.0.7",
        ("-sess_out", ticket),
        name="line.plant.example",
        identity=(robot, devices),
        about="both chains",
    )
    stage.call(mutual, "127.0.0.8", name="line.plant.example", about="asked for a certificate, the client has none")
    stage.call(mutual, "127.0.0.7", ("-sess_in", ticket), name="line.plant.example", about="resumed")

    response = _ocsp_response(stage, store, issuing)
    stapling = stage.serve(Server("127.0.0.1", 4434, (store, issuing), options=("-status_file", str(response))))
    stage.call(stapling, "127.0.0.7", ("-tls1_2", "-status"), more={"ocsp_stapled": True}, about="OCSP stapled")
    stage.call(stapling, "127.0.0.7", ("-tls1_2",), more={"ocsp_stapled": False}, about="no OCSP asked for")
    stage.call(stapling, "127.0.0.9", ("-tls1_2", "-cipher", "aRSA"), about="no suite in common: refused")

    secret = ("-psk", "c0ffee")
    shared = stage.serve(Server("127.0.0.1", 4435, (lab,), options=("-tls1_2", *secret)))
    stage.call(
        shared,
        "127.0.0.7",
        (*secret, "-tls1_2", "-cipher", "PSK-AES128-GCM-SHA256"),
        about="pre-shared key, no certificates",
    )
    stage.call(shared, "127.0.0.7", name="lab.plant.example", about="the same server with its Ed25519 certificate")


def _ocsp_response(stage: Stage, leaf: Identity, issuer: Identity) -> Path:
    """Let `openssl ocsp` answer for the leaf, as its issuer would."""
    index, response = stage.folder / "index.txt", stage.folder / "ocsp.der"
    index.write_text(f"V\t{leaf.recipe.not_after:%y%m%d%H%M%SZ}\t\t{leaf.serial:X}\tunknown\t/CN=store\n")
    signer: list[str | Path] = ["-rsigner", issuer.pem_file, "-rkey", issuer.key_file, "-CA", issuer.pem_file]
    query: list[str | Path] = ["-issuer", issuer.pem_file, "-cert", leaf.pem_file, "-no_nonce", "-respout", response]
    command: list[str | Path] = ["openssl", "ocsp", "-index", index, *signer, *query, "-ndays", "30"]
    subprocess.run(command, check=True, capture_output=True)
    return response


def tls13(stage: Stage) -> None:
    """Show what TLS 1.3 hides, a HelloRetryRequest, and resumption in both versions."""
    _, issuing = corporate(stage.workshop)
    make = stage.workshop.make
    names = ("modern.example", "strict.example", "both.example")
    leaves = [make(Recipe(name, OPERATOR, issuing, key="rsa2048", sans=(f"dns:{name}",))) for name in names]
    visitor = make(Recipe("visitor.example", OPERATOR, issuing))
    modern = stage.serve(Server("127.0.0.1", 8443, (leaves[0], issuing), asks=(issuing,), options=("-tls1_3",)))
    strict = stage.serve(Server("127.0.0.1", 8444, (leaves[1], issuing), options=("-tls1_3", "-groups", "P-384")))
    both = stage.serve(Server("127.0.0.1", 8445, (leaves[2], issuing), options=("-alpn", "h2,http/1.1")))

    new, old = stage.folder / "ticket13", stage.folder / "ticket12"
    stage.call(modern, "127.0.0.21", ("-sess_out", new), name=names[0], about="certificates encrypted")
    stage.call(modern, "127.0.0.21", ("-sess_in", new), name=names[0], about="resumed by a ticket")
    stage.call(modern, "127.0.0.22", name=names[0], identity=(visitor, issuing), about="both sides encrypted")
    stage.call(strict, "127.0.0.21", name=names[1], about="HelloRetryRequest: offers X25519, must take P-384")
    alpn = ("-alpn", "h2,http/1.1")
    stage.call(both, "127.0.0.23", ("-tls1_2", "-sess_out", old, *alpn), name=names[2], about="TLS 1.2 by ALPN h2")
    stage.call(both, "127.0.0.23", ("-tls1_2", "-sess_in", old, *alpn), name=names[2], about="resumed, TLS 1.2")
    stage.call(both, "127.0.0.21", alpn, name=names[2], about="the same server, TLS 1.3")
    stage.call(modern, "127.0.0.24", ("-tls1_2",), name=names[0], about="too old for this server: refused")


_MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.office.example
mydestination = office.example
mynetworks = 127.0.0.0/8 [::1]/128
inet_protocols = all
local_recipient_maps =
local_transport = discard
alias_maps =
smtpd_peername_lookup = no
smtpd_tls_chain_files = {key}, {chain}
smtpd_tls_security_level = may
tls_medium_cipherlist = DEFAULT
maillog_file = /dev/stdout
"""
_MASTER_CF = """\
smtp     inet n - n - - smtpd
pickup   unix n - n 60 1 pickup
cleanup  unix n - n - 0 cleanup
qmgr     unix n - n 300 1 qmgr
tlsmgr   unix - - n 1000? 1 tlsmgr
rewrite  unix - - n - - trivial-rewrite
bounce   unix - - n - 0 bounce
defer    unix - - n - 0 bounce
trace    unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil    unix - - n - 1 anvil
discard  unix - - n - - discard
error    unix - - n - - error
postlog  unix-dgram n - n - 1 postlogd
"""


def smtp_starttls(stage: Stage) -> None:
    """Postfix, over IPv6: mail after STARTTLS in TLS 1.2 and 1.3, and mail in the clear, which is no session."""
    _, issuing = corporate(stage.workshop)
    fault = Fault("expiring", "medium", 15)
    name = "mail.office.example"
    leaf = stage.workshop.make(
        Recipe(name, OPERATOR, issuing, key="rsa2048", not_after=days(12), sans=(f"dns:{name}",), faults=(fault,))
    )
    server = stage.known(Server("::1", 25, (leaf, issuing)))
    _postfix(stage, server)
    ehlo, mail = (b"ehlo client.office.example\n", b"250 CHUNKING"), _mail("starttls")
    stage.call(server, "::1", ("-starttls", "smtp", "-crlf", "-tls1_2"), name=name, say=ehlo, about="TLS 1.2")
    stage.call(server, "::1", ("-starttls", "smtp", "-crlf", "-tls1_2"), say=mail, about="a mail, TLS 1.2, no name")
    stage.call(server, "::1", ("-starttls", "smtp", "-crlf", "-tls1_3"), name=name, say=mail, about="TLS 1.3")
    stage.mark()
    with smtplib.SMTP("::1", 25, local_hostname="old.office.example") as plain:
        plain.sendmail("old@office.example", ["all@office.example"], "Subject: STARTTLS\n\nnot this time\n")
    server = stage.known(Server("127.0.0.1", 25, (leaf, issuing)))
    stage.call(server, "127.0.0.1", ("-starttls", "smtp", "-crlf", "-tls1_2"), name=name, say=ehlo, about="over IPv4")


def _mail(subject: str) -> tuple[bytes, bytes]:
    """Give a whole SMTP dialogue, pipelined (RFC 2920), and the answer to its end."""
    lines = ["ehlo client.office.example", "mail from:<a@office.example>", "rcpt to:<b@office.example>", "data"]
    lines += [f"subject: {subject}", "", "hello", ".", "quit", ""]
    return "\n".join(lines).encode(), b"221 "


def _postfix(stage: Stage, server: Server) -> None:
    home = stage.folder / "postfix"
    for part in ("queue", "data", "etc"):
        (home / part).mkdir(parents=True)
    for path in (stage.folder, home):
        path.chmod(0o755)  # postfix changes its user
    shutil.chown(home / "data", "postfix")
    chain = chain_files(server.chain, stage.folder)[0]
    settings = _MAIN_CF.format(home=home, key=server.chain[0].key_file, chain=chain)
    (home / "etc" / "main.cf").write_text(settings)
    (home / "etc" / "master.cf").write_text(_MASTER_CF)
    control = ["postfix", "-c", str(home / "etc")]
    daemon = stage.network.start([*control, "start-fg"])
    # Its master outlives the command that began it.
    stage.stack.callback(subprocess.run, [*control, "stop"], check=True, capture_output=True)
    daemon.wait_for("daemon started")
