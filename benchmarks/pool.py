"""The workers, one process for each environment."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from typing import Any

from catalogue import Contender
from environments import python_of

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py")


class Process:
    """A worker at the other end of a pipe."""

    def __init__(self, python: str, told: Mapping[str, str]) -> None:
        # All processes have the same hashes, and the same layout of each dict.
        environ = {**os.environ, "PYTHONHASHSEED": "0", **told}
        self._process = subprocess.Popen(
            [python, "-W", "ignore", SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
        )

    def ask(self, do: str, **rest: Any) -> Any:
        """Give an order, and wait for its result.

        :raises RuntimeError: where the order failed, or the process ended.
        """
        pipe, answers = self._process.stdin, self._process.stdout
        assert pipe is not None
        assert answers is not None
        pipe.write(json.dumps({"do": do, **rest}) + "\n")
        pipe.flush()
        answer = json.loads(answers.readline() or '{"error": "it ended"}')
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def close(self) -> None:
        self._process.communicate()


class Pool:
    """Contenders that passed their check, in all environments.

    :param told: variables for their environment.
    :ivar left_out: the reason why a contender is missing, by its name.
    """

    def __init__(
        self,
        contenders: Iterable[Contender],
        told: Mapping[str, str] | None = None,
    ) -> None:
        self._told = told or {}
        self._processes: dict[str, Process] = {}
        self._broken: dict[str, str] = {}
        self._homes: dict[str, Process] = {}
        self.left_out: dict[str, str] = {}
        for contender in contenders:
            try:
                self._load(contender)
            # ImportError: a package whose version is needed is not installed.
            except (RuntimeError, OSError, ImportError) as error:
                self.left_out[contender.name] = str(error).strip()

    def close(self) -> None:
        for process in self._processes.values():
            process.close()

    @property
    def names(self) -> list[str]:
        return list(self._homes)

    def ask(self, do: str, name: str, **rest: Any) -> Any:
        return self._homes[name].ask(do, name=name, **rest)

    def _load(self, contender: Contender) -> None:
        process = self._process_of(contender.environment)
        process.ask("load", name=contender.name, made_by=contender.made_by)
        self._homes[contender.name] = process

    def _process_of(self, environment: str) -> Process:
        # If pip failed once, it is not tried again.
        if environment in self._broken:
            raise RuntimeError(self._broken[environment])
        if environment not in self._processes:
            try:
                python = python_of(environment)
            except subprocess.CalledProcessError as error:
                self._broken[environment] = f"no environment: {error}"
                raise RuntimeError(self._broken[environment]) from None
            self._processes[environment] = Process(python, self._told)
        return self._processes[environment]
