"""The verbs of a member body's node: intake, issue, seal, anchor, declare, present."""
