"""`rewatch bench compress`: what each token compressor costs and what it keeps."""

from typing import Annotated

import typer


def compress(
    quick: Annotated[bool, typer.Option("--quick", help="One small clip and one ratio.")] = False,
) -> None:
    """Compare the token compressors at equal token counts."""
    typer.echo("quick" if quick else "full")
