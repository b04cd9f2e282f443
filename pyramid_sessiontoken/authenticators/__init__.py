"""Who may vouch: one file for each kind of credential, and the chain."""
