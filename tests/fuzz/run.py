"""``make fuzz``: atheris over every target, 10 minutes each. What it finds belongs into ``test_targets.py`` by name.

Usage: python -m tests.fuzz.run [--seconds N] [TARGET ...]
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

NAMES = ("image", "weights", "captions", "query", "csv")
FINDINGS = Path("build/fuzz")


def main() -> int:
    """Runs each target in a process of its own; returns how many of them found something."""
    parser = argparse.ArgumentParser(description="Fuzzes every place where bytes of a stranger enter.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"some of {', '.join(NAMES)}; all if left out")
    parser.add_argument("--seconds", type=int, default=600, help="time for each target")
    parser.add_argument("--inside", choices=NAMES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("Fuzzing is skipped: atheris is not installed, or has no wheel for this Python and system.")
        return 0
    if options.inside:
        fuzz(options.inside, options.seconds)
    found = 0
    for name in options.targets or NAMES:
        command = [sys.executable, "-m", "tests.fuzz.run", "--inside", name, "--seconds", str(options.seconds)]
        # Larger images only slow the fuzzer down.
        failed = subprocess.run(command, check=False, env=os.environ | {"FAAMI_MAX_PIXELS": "4000000"}).returncode
        found += bool(failed)
        print(f"{name}: {'FOUND SOMETHING, see ' + str(FINDINGS / name) if failed else 'nothing found'}")
    return found


def fuzz(name: str, seconds: int) -> None:
    """Fuzzes one target in this process, which ends with it."""
    import atheris

    with atheris.instrument_imports(include=["faami_core", "PIL", "csv", "json"]):
        from tests.fuzz.targets import TARGETS, seeds

    corpus = FINDINGS / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed_{number}").write_bytes(seed)
    arguments = [f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=4096", "-print_final_stats=1"]
    atheris.Setup([name, *arguments, f"-artifact_prefix={FINDINGS / name}/", str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
