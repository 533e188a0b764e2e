"""The story the demonstration plays: issue, anchor, present, and ask abroad.

Every verdict shown is what the verifier answered over HTTP. A verdict other than the expected one
stops the demonstration with an error. Where the network has accreditation bodies and an authority,
recognition is played as well.
"""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from core.errors import Refused
from node.demo.asking import ask_until, deciding_sentence
from node.demo.bodies import number_of, write_register
from node.demo.network import FAR_ORIGIN, Network, Node
from node.demo.recognition import Recognition

SHARED_FIELDS = "scope,sectors,sites"
GENUINE, NOT_VALID, COULD_NOT = "genuine_and_in_force", "not_valid", "could_not_be_checked"


@dataclass(slots=True)
class Story:
    """What happened.

    Args:
        examples: name → file and verdict, as ``comity demo up --json`` gives them.
        answers: what was presented, and the verifier's verdict and sentence.
        recognised: what was asked of ``examples.good`` by market and moment, and the verdict.
        timings: seconds of each step.
        imported: certificates received and anchored.
    """

    examples: dict[str, dict[str, str]] = field(default_factory=dict)
    answers: list[tuple[str, str, str]] = field(default_factory=list)
    recognised: list[dict[str, str]] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    imported: int = 0


class Scenario:
    """Plays the story on a running network."""

    def __init__(self, network: Network, say: Callable[[str], None], today: date) -> None:
        self._network = network
        self._today = today
        self._say = say
        self.story = Story()

    def play(self) -> Story:
        """Play it all and return what happened.

        Raises:
            Refused: a step failed, or the verifier answered otherwise than expected.
        """
        recognition = self._recognition()
        if recognition is not None:
            self._timed("accredit", recognition.prepare)
        self._timed("import_and_anchor", self._import)
        self._timed("present_and_check", self._present)
        if recognition is not None:
            self._timed("recognise", lambda: recognition.show(self._good))
            self.story.recognised = recognition.answers
        self._timed("status_changes", self._change_statuses)
        self._timed("examples", self._write_examples)
        return self.story

    @property
    def _good(self) -> Path:
        return self._network.examples / "good.comity.json"

    def _recognition(self) -> Recognition | None:
        if not self._network.recognisers:
            return None
        return Recognition(self._network, self._say, self._today)

    def _timed(self, name: str, step: Callable[[], None]) -> None:
        started = time.monotonic()
        step()
        self.story.timings[name] = round(time.monotonic() - started, 2)

    def _import(self) -> None:
        for node in self._network.issuers:
            body = node.body
            self._say(f"{body.name}: issuing and anchoring {body.rows} e-certificates")
            register = node.folder / "register.csv"
            write_register(body, register, self._today)
            words = ("issue", str(register), "--wait")
            # 2: where nobody accredits the bodies, intake warns of what their records state
            answer: Any = self._node(node, *words, allow=(0, 2))
            anchored = [r for r in answer["receipts"] if r["state"] == "anchored"]
            if len(anchored) != body.rows:
                raise Refused(
                    "demo_not_anchored",
                    f"{body.name}: {len(anchored)} of {body.rows} certificates were anchored",
                )
            self.story.imported += len(anchored)

    def _present(self) -> None:
        node = self._network.issuers[0]
        self._say("An exporter shows one abroad, sharing scope, sectors and sites only")
        good = self._write(node, 1, "good")
        self._expect("good", good, "in force, three fields shared", GENUINE)

    def _change_statuses(self) -> None:
        self._say("Suspending, restoring, withdrawing and cancelling others")
        first, second, third = self._network.issuers
        wait = ("--yes", "--wait")
        reason = ("--reason", "nonconformity")
        until = ("--until", (self._today + timedelta(days=150)).isoformat())
        self._node(first, "suspend", number_of(first.body, 2), *reason, *until, *wait)
        self._node(second, "suspend", number_of(second.body, 3), *reason, *until, *wait)
        self._node(second, "restore", number_of(second.body, 3), *wait)
        self._node(third, "withdraw", number_of(third.body, 4), "--reason", "misuse", *wait)
        self._node(third, "cancel", number_of(third.body, 5), *wait)
        for name, node, row, told, verdict in (
            ("suspended", first, 2, "suspended by its body", NOT_VALID),
            ("restored", second, 3, "suspended, then restored", GENUINE),
            ("withdrawn", third, 4, "withdrawn by its body", NOT_VALID),
            ("cancelled", third, 5, "cancelled at its holder's request", NOT_VALID),
        ):
            self._expect(name, self._write(node, row, name), told, verdict)

    def _write_examples(self) -> None:
        self._say("A forged one, and one of a ledger that cannot be reached")
        good = json.loads(self._good.read_text("utf-8"))
        forged = {**good, "presentation": _with_other_number(good["presentation"])}
        self._expect("forged", self._dump("forged", forged), "content changed by hand", NOT_VALID)
        far = {**good, "ledger": FAR_ORIGIN}
        told = "of a ledger that does not answer"
        self._expect("unreachable", self._dump("unreachable", far), told, COULD_NOT)
        index = [
            {"name": name, "file": Path(example["file"]).name, "verdict": example["verdict"]}
            for name, example in self.story.examples.items()
        ]
        (self._network.examples / "index.json").write_text(json.dumps(index), "utf-8")

    def _node(self, node: Node, *words: str, allow: tuple[int, ...] = (0,)) -> object:
        return self._network.command(*words, "--node", str(node.folder), allow=allow)

    def _write(self, node: Node, row: int, name: str) -> Path:
        file = self._network.examples / f"{name}.comity.json"
        number = number_of(node.body, row)
        words = ("present", number, "--fields", SHARED_FIELDS, "-o", str(file))
        self._node(node, *words, allow=(0, 2))  # 2: written, with a warning that it is not in force
        return file

    def _dump(self, name: str, bundle: dict[str, Any]) -> Path:
        file = self._network.examples / f"{name}.comity.json"
        text = json.dumps(bundle, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        file.write_text(text, "utf-8")
        return file

    def _expect(self, name: str, file: Path, told: str, verdict: str) -> None:
        report = ask_until(self._network.verifier_url, file, verdict, name)
        self.story.examples[name] = {"file": str(file), "verdict": report.verdict.value}
        self.story.answers.append((told, report.verdict.value, deciding_sentence(report)))


def _with_other_number(presentation: str) -> str:
    """Return the presentation with another certificate number and the old signature."""
    header, payload, rest = presentation.split(".", 2)
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    claims["credentialSubject"]["certification"]["certificateNumber"] = "01526Q39999R1M"
    changed = json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode()
    return ".".join((header, base64.urlsafe_b64encode(changed).decode().rstrip("="), rest))
