"""`dsl auto status` as the original does it: the same packages, the same files counted, the same panel.

Facts: dslmodel 4196bb8, commands/autonomous.py and agents/autonomous_decision_engine.py. Files are counted, not read.
"""
import json  # noqa: F401  the original imports it for its output
from pathlib import Path

import typer
from loguru import logger
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

app = typer.Typer(help="Autonomous operations")
console = Console()


@app.callback()
def main() -> None:
    """A group, so that `status` is a subcommand as in the original."""


@app.command()
def status(coord_dir: Path = typer.Option(Path("coordination"), "--coord-dir", "-c")) -> None:
    agents = len(list(coord_dir.glob("agent_*.json")))
    work = len(list(coord_dir.glob("work_*.json")))
    completed = len(list(coord_dir.glob("completed_*.json")))
    telemetry = len(list(coord_dir.glob("telemetry_*.json")))
    rate = completed / (work + completed) if work + completed else 0.0
    score = min(1.0, rate * 0.4 + min(agents / 5, 1) * 0.3 + max(0, 1 - work / 10) * 0.2 + min(telemetry / 20, 1) * 0.1)
    state = "critical" if score < 0.3 else "degraded" if score < 0.6 else "healthy" if score < 0.9 else "optimal"
    logger.debug("analyzed {}", coord_dir)
    table = Table("Metric", "Value", "Status")
    table.add_row("Active agents", str(agents), "ok" if agents >= 2 else "low")
    table.add_row("Work queue", str(work), "ok" if work < 10 else "high")
    table.add_row("Completion", f"{rate:.1%}", "ok" if rate > 0.7 else "low")
    console.print(Panel(f"Health: {state} ({score:.5f})"))
    console.print(table)


if __name__ == "__main__":
    app()
