"""The acceptance policies that a verifier holds as files: one folder, any economies and versions.

Decides which files are read (``*.json``) and which of two is meant. Refuses a file that is no
policy, and two that say different things for one economy and version. A signature is neither
needed nor judged here: who may write in this folder may also change the verifier's answers.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from core import limits
from core.acceptance import Acceptance
from core.errors import FormatError, Invalid, LimitError, UsageError
from verifier.config import VerifierSettings
from verifier.policy import NO_LOCAL_POLICIES, LocalPolicies, Policy

FILES: Final = "*.json"


def policy_of(settings: VerifierSettings, files: Iterable[Path] = ()) -> Policy:
    """Return the check policy these settings make, with the local acceptance policies.

    Args:
        settings: the verifier's.
        files: policies that take the place of those the settings name for the same economies.

    Raises:
        UsageError, FormatError: as ``read_policies``.
    """
    held = read_policies(settings.policies) if settings.policies is not None else ()
    given = tuple(read_policy(file) for file in files)
    _require_one_meaning(given)
    named = {policy.economy for policy in given}
    kept = tuple(policy for policy in held if policy.economy not in named)
    local = LocalPolicies.given(kept + given) if kept or given else NO_LOCAL_POLICIES
    return replace(settings.policy, local=local)


def read_policies(folder: Path) -> tuple[Acceptance, ...]:
    """Return the policies in a folder, in the order of their files' names.

    Raises:
        UsageError: there is no such folder, or two files contradict each other.
        FormatError: a file is no policy.
    """
    if not folder.is_dir():
        raise UsageError(
            "policies_missing", f"there is no folder {folder}",
            "policies in verifier.toml names the folder of local acceptance policies",
        )  # fmt: skip
    policies = tuple(read_policy(file) for file in sorted(folder.glob(FILES)))
    _require_one_meaning(policies)
    return policies


def read_policy(file: Path) -> Acceptance:
    """Return the policy in a file.

    Raises:
        FormatError: it is no policy; the first fault is named.
    """
    with file.open("rb") as stream:
        raw = stream.read(limits.LEDGER_TEXT_BYTES + 1)
    try:
        return Acceptance.read(raw)
    except LimitError as refused:
        raise LimitError(refused.code, f"{file.name}: {refused.message}") from None
    except FormatError as refused:
        raise FormatError(refused.code, f"{file.name}: {refused.message}") from None
    except Invalid as refused:  # exit code 1 of a check would read "Not valid"
        first = refused.faults[0]
        message = f"{file.name}: {refused.message}; {first.pointer or '/'}: {first.message}"
        hint = "comity policy show FILE names all of them"
        raise FormatError(refused.code, message, hint, first.pointer) from None


def _require_one_meaning(policies: Iterable[Acceptance]) -> None:
    """Refuse two policies of one economy and version that differ."""
    seen: dict[tuple[str, int], Acceptance] = {}
    for policy in policies:
        if seen.setdefault((policy.economy, policy.version), policy) != policy:
            raise UsageError(
                "policies_contradict",
                f"two local policies of {policy.economy} have version {policy.version}",
                "keep one of the two files",
            )
