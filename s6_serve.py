"""Serve the page and the JSON API on a frozen model; make and revoke the API's tokens.

Reads:  a frozen model, the state folder (database, secret key); $DATABASE_URL
Writes: the state folder, made at the first start; logs on stderr, one JSON object per line

Several servers are one service where DATABASE_URL names a PostgreSQL database: docs/service.md.

Examples:
    python s6_serve.py
    python s6_serve.py create-token "physics lab"
    python s6_serve.py --host 0.0.0.0 --allowed-host spectra.example.org
"""

import argparse
import ipaddress
import os
import re
import signal
import sys
from pathlib import Path

import cli
from web.options import ServiceOptions
from web.storage.database import VARIABLE

# Before numpy and OpenBLAS load, here and in the readers: one thread each, the pool is the
# parallel part.
for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

DEFAULTS = ServiceOptions()


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = cli.make_parser(__doc__)
    add_flags(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    state = argparse.ArgumentParser(add_help=False)
    add_state_flag(state, default=argparse.SUPPRESS)
    for name, text in (
        ("create-token", "make a token and print it, alone on the last line"),
        ("list-tokens", "list all tokens by name"),
        ("revoke-token", "end a token's validity at once"),
    ):
        command = commands.add_parser(name, help=text, description=text, parents=[state])
        if name != "list-tokens":
            command.add_argument("name", metavar="NAME", help="what the token is called")
    return parser.parse_args(argv)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the server's flags; each stands for a field of `ServiceOptions`."""
    whole, default = cli.positive_int, " (default: %(default)s)"
    parser.add_argument("--host", default=DEFAULTS.host, help=f"address to listen on{default}")
    parser.add_argument("--port", type=int, default=DEFAULTS.port, help=f"0: any free{default}")
    parser.add_argument(
        "--model", type=Path, default=DEFAULTS.model, help="frozen model (default: models/default)"
    )
    parser.add_argument(
        "--threads", type=whole, default=DEFAULTS.threads, help=f"photos at a time{default}"
    )
    add_state_flag(parser, default=DEFAULTS.state)
    parser.add_argument(
        "--url-prefix", type=url_prefix, default=DEFAULTS.url_prefix, metavar="PATH",
        help="path of a proxy that the service lives below, as /spectra (default: none)",
    )  # fmt: skip
    parser.add_argument(
        "--allowed-host", action="append", default=[], metavar="NAME",
        help="host name that requests may address; repeatable (default: localhost and --host)",
    )  # fmt: skip
    parser.add_argument(
        "--cors-origin", action="append", default=[], metavar="ORIGIN",
        help="web application that may call the API, https://...; repeatable (default: none)",
    )  # fmt: skip
    parser.add_argument(
        "--behind-proxy", action="store_true",
        help="a reverse proxy speaks HTTPS to the clients (default: none does)",
    )  # fmt: skip
    parser.add_argument(
        "--proxy-address", type=address, metavar="ADDRESS", default=DEFAULTS.proxy_address,
        help=f"from where that proxy connects{default}",
    )  # fmt: skip
    parser.add_argument(
        "--max-megabytes", type=whole, default=DEFAULTS.max_megabytes, help=f"a request{default}"
    )
    parser.add_argument(
        "--max-megapixels", type=whole, default=DEFAULTS.max_megapixels, help=f"a photo{default}"
    )
    for name in ("token", "address"):
        parser.add_argument(
            f"--{name}-rate", type=cli.whole_number, metavar="N",
            default=getattr(DEFAULTS, f"{name}_rate"),
            help=f"requests a minute of one {name}, 0 for no limit{default}",
        )  # fmt: skip


def address(text: str) -> str:
    """Return an IP address, or raise what argparse takes for a usage error."""
    return str(ipaddress.ip_address(text))


def url_prefix(text: str) -> str:
    """Return a path without a slash at its end, or raise what argparse takes for a usage error."""
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*/?", text):
        raise argparse.ArgumentTypeError(f"expected a path as /spectra, received {text!r}")
    return text.rstrip("/")


def add_state_flag(parser: argparse.ArgumentParser, default: object) -> None:
    """Add --state."""
    parser.add_argument(
        "--state",
        type=Path,
        default=default,
        help="database and key (default: web/state; once installed, the user's data folder)",
    )


def options_of(args: argparse.Namespace) -> ServiceOptions:
    """Return the service's options."""
    others = {"allowed_hosts", "cors_origins", "database"}
    names = set(ServiceOptions.__dataclass_fields__) - others
    return ServiceOptions(
        # No flag: every user of a machine sees the flags of its programs.
        database=os.environ.get(VARIABLE) or None,
        allowed_hosts=tuple(args.allowed_host),
        cors_origins=tuple(args.cors_origin),
        **{name: getattr(args, name) for name in names},
    )


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    args = parse_args(argv)
    work = manage_tokens if args.command else serve
    return cli.run(lambda: work(args), verbose=args.verbose)


def manage_tokens(args: argparse.Namespace) -> None:
    """Make, list or revoke tokens."""
    from web.storage.state import start_django

    start_django(options_of(args))
    from web.storage import tokens

    if args.command == "create-token":
        text = tokens.create_token(args.name)
        print(f"Token {args.name!r}; it is shown this once:")
        print(text)
    elif args.command == "revoke-token":
        tokens.revoke_token(args.name)
        print(f"Token {args.name!r} is revoked.")
    else:
        for token in tokens.list_tokens():
            state = f"revoked {token.revoked:%Y-%m-%d}" if token.revoked else "valid"
            used = f"last used {token.last_used}" if token.last_used else "never used"
            print(f"{token.name}\t{state}\tmade {token.created:%Y-%m-%d}\t{used}")


def serve(args: argparse.Namespace) -> None:
    """Serve until interrupted."""
    from web.serving import running

    # As Ctrl-C does it: answer what is being answered, then end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    options = options_of(args)
    with running.service(options) as server:
        print(f"Listening on {running.address_of(options, server)}", flush=True)
        for line in running.advice(options):
            print(line, file=sys.stderr, flush=True)
        server.run()


if __name__ == "__main__":
    sys.exit(main())
