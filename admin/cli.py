"""The `zharmenke` command: one sub-command per task of those who run the platform."""

import typer

from admin.archive.commands import export
from admin.archive.import_command import import_
from admin.dead.commands import dead_app
from admin.explain.commands import explain
from admin.keys import keys_app
from admin.lag.commands import lag
from admin.log.commands import events, trace
from admin.rehearsal.commands import demo
from admin.replay.commands import replay_app, restore
from admin.serve import serve
from admin.stack.commands import stack_app
from admin.tokens import token
from admin.topic_commands import topics_app
from admin.verify.commands import verify

app = typer.Typer(
    name="zharmenke",
    help="Run, look after and rehearse the grant contest platform.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(stack_app, name="stack")
app.add_typer(topics_app, name="topics")
app.add_typer(keys_app, name="keys")
app.add_typer(dead_app, name="dead")
app.add_typer(replay_app, name="replay")
app.command("restore")(restore)
app.command("events")(events)
app.command("trace")(trace)
app.command("lag")(lag)
app.command("serve")(serve)
app.command("demo")(demo)
app.command("token")(token)
app.command("verify")(verify)
app.command("export")(export)
app.command("explain")(explain)
app.command("import")(import_)
