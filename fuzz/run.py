"""Fuzz the library: see README.rst."""

from __future__ import annotations

import argparse
import logging
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

from fuzz import inputs  # noqa: E402
from fuzz.targets import NAMES, find  # noqa: E402


def main() -> int:
    """Give the exit code: 1 where a target found something."""
    options = _read_options()
    logging.disable()
    if options.here:
        _fuzz(options.targets[0], options.minutes)
    return max(
        [_run(name, options.minutes) for name in options.targets or NAMES]
    )


def _run(name: str, minutes: float) -> int:
    """Fuzz one target in a process of its own, and keep what is new."""
    command = [sys.executable, __file__, name, "--here"]
    done = subprocess.run(
        [*command, f"--minutes={minutes}"],
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
    )
    ran = re.findall(r"^Done (\d+) runs", done.stderr, re.MULTILINE)
    counted = re.findall(r"^#(\d+)\t", done.stderr, re.MULTILINE)
    executions = (ran or counted or ["0"])[-1]
    if done.returncode:
        print(done.stderr[-4000:], file=sys.stderr)
        print(f"{name}: failed after {executions} executions")
        return 1
    before, after, files = inputs.keep(name)
    print(
        f"{name}: {executions} executions; {before} steps from line to line"
        f" by the kept corpus before, {after} now; {files} files",
        flush=True,
    )
    return 0


def _fuzz(name: str, minutes: float) -> None:
    """Fuzz until the time is over. It ends the process."""
    import atheris

    with atheris.instrument_imports(include=["pyramid_sessiontoken"]):
        target = find(name)
    found, kept = inputs.found(name), inputs.kept(name)
    for folder in (found, kept):
        folder.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        inputs.put(found, seed)
    limits = [
        f"-max_total_time={round(minutes * 60)}",
        "-max_len=4096",
        "-timeout=20",
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
        f"-artifact_prefix={found.parent}/",
    ]
    atheris.Setup([name, *limits, str(found), str(kept)], target.run)
    atheris.Fuzz()


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "targets", nargs="*", metavar="target", help=", ".join(NAMES)
    )
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in options.targets:
        if name not in NAMES:
            parser.error(f"{name} is none of {', '.join(NAMES)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
