"""The node's commands: ``issue``, ``status``, ``vote`` … and groups as ``token`` and ``propose``.

A table; ``comity node`` itself is ``cli_node``, which starts processes and loads little. What each
command does stands in the ``cli_…`` modules. Rules of them all: an answer goes to standard output
and everything else to standard error; ``--json`` prints one document; what cannot be taken back
shows the sentence readers abroad will see and asks for the number again.
"""

import typer

from node import (
    cli_accredit,
    cli_acts,
    cli_arrangement,
    cli_certificates,
    cli_changes,
    cli_doctor,
    cli_issue,
    cli_notice,
    cli_policy,
    cli_token,
    cli_votes,
)

app = typer.Typer(
    help="Issue and look after e-certificates; run a body's node.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks can show local variables
    rich_markup_mode=None,
)

app.command()(cli_issue.issue)
app.command()(cli_issue.register)
app.command()(cli_certificates.status)
app.command()(cli_certificates.present)
for _change in cli_changes.COMMANDS:
    app.command(_change.name)(cli_changes.function_of(_change))
app.command()(cli_doctor.doctor)
app.command()(cli_votes.vote)
app.command()(cli_votes.proposals)
app.command()(cli_acts.acts)
app.command()(cli_notice.notices)
app.command()(cli_notice.assure)
app.add_typer(cli_votes.app, name="propose")
app.add_typer(cli_accredit.app, name="accredit")
app.add_typer(cli_arrangement.app, name="arrangement")
app.add_typer(cli_notice.app, name="notice")
app.add_typer(cli_policy.app, name="policy")
app.add_typer(cli_token.app, name="token")
