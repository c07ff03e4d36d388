"""Trains every mode with every seed, once, and makes tables of their scores: what the experiments share.

One seed of all modes comes before the next seed, so a table that was cut off is fair. A run that is complete is not
repeated; one that was interrupted goes on from its last checkpoint.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODES = ("source-only", "dacs", "mic", "random-twin", "masktwins")


def parser(description, config, out):
    """The options of every experiment; `config` and `out` are the defaults of two of them."""
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--modes", nargs="+", choices=MODES, default=MODES, metavar="MODE", help=" ".join(MODES))
    options.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3], metavar="SEED")
    options.add_argument("--config", default=config)
    options.add_argument("--program", default="build/masktwins")
    options.add_argument("--data", default="../shared/data")
    options.add_argument("--out", type=Path, default=Path(out), help="folder of the runs")
    options.add_argument("--threads", type=int, help="of every run; by default all cores")
    options.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="for every run")
    options.add_argument("--table", action="store_true", help="train nothing")
    return options


class Run:
    """One run: `name` is that of its folder, `settings` are its own KEY=VALUE, beside mode and seed."""

    def __init__(self, arguments, name, mode, seed, settings):
        self.arguments, self.mode, self.seed = arguments, mode, seed
        self.folder = arguments.out.resolve() / name
        self.settings = [f"uda.mode={mode}", f"seed={seed}", *settings, *arguments.set]

    def train(self):
        if self.is_complete():
            return
        arguments = self.arguments
        command = [arguments.program, "train", arguments.config, "--out", str(self.folder)]
        if (self.folder / "checkpoints").exists():
            command.append("--resume")
        if arguments.threads:
            command += ["--threads", str(arguments.threads)]
        for setting in self.settings:
            command += ["--set", setting]
        print(f"== {self.folder.name}", flush=True)
        subprocess.run(command, cwd=ROOT, check=True)

    def is_complete(self):
        return any(record["step"] == self.iterations() and "evaluation" in record for record in self.records())

    def records(self):
        log = self.folder / "log.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def iterations(self):
        for line in (self.folder / "config.toml").read_text().splitlines():
            if line.startswith("iterations = "):
                return int(line.split()[2])
        sys.exit(f"{self.folder}/config.toml: no key train.iterations")

    def metrics(self):
        return json.loads((self.folder / "metrics.json").read_text())

    def minutes(self):
        """From what the log says about the speed at intervals."""
        seconds = [record["seconds_per_step"] for record in self.records() if "seconds_per_step" in record]
        return statistics.mean(seconds) * self.iterations() / 60


def all_runs(arguments, name, settings):
    """`name(mode, seed)` is that of the folder; `settings` are those of every run."""
    return [Run(arguments, name(mode, seed), mode, seed, settings)
            for seed in arguments.seeds for mode in arguments.modes]


def train_all(arguments, trained):
    if not arguments.table:
        for run in trained:
            run.train()


def complete_runs(runs, mode):
    return [run for run in runs if run.mode == mode and run.is_complete()]


def mean_and_spread(values, decimals=1):
    if not values:
        return "-"
    spread = f" ± {statistics.stdev(values):.{decimals}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{decimals}f}{spread}"


def print_table(header, rows):
    print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
