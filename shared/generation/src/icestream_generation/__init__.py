"""From a task's files to a published directory: open, align, generate, write, describe."""
