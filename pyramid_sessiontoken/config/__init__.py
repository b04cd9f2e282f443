"""From settings to an application's session tokens."""
