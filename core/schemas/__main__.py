"""Write the schema files anew: ``python -m core.schemas``."""

from core.schemas import write

write()
