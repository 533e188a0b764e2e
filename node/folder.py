"""Which folder is the node's.

Decides: the one named on the command line, else that of ``COMITY_NODE``, else ``node`` under the
state folder.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from core.errors import UsageError
from core.runtime import paths
from node.config import FILE_NAME, NodeConfig, load_config
from node.places import NodePlaces

FOLDER_VARIABLE: Final = "COMITY_NODE"


def folder_in_use(named: Path | None, environment: Mapping[str, str]) -> Path:
    """Return the node's folder, which need not exist yet."""
    if named is not None:
        return named
    if environment.get(FOLDER_VARIABLE):
        return Path(environment[FOLDER_VARIABLE])
    return paths.home(environment) / "node"


def node_in_use(
    named: Path | None, environment: Mapping[str, str]
) -> tuple[NodeConfig, NodePlaces]:
    """Return settings and places of the node in use.

    Raises:
        UsageError: there is no node in this folder, or a setting is refused.
    """
    folder = folder_in_use(named, environment)
    if not (folder / FILE_NAME).exists():
        raise UsageError(
            "node_missing", f"there is no node in {folder}",
            "comity node init makes one; --node names another folder",
        )  # fmt: skip
    return load_config(folder, environment), NodePlaces(folder)
