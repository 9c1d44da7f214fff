"""What the processes that run for months share: configuration, signals, a log that cannot flood."""
