"""One file for each kind of credential, and the chain that asks them."""
