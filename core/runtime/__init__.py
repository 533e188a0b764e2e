"""What every command shares: configuration, exit codes, logs, paths and problem documents."""
