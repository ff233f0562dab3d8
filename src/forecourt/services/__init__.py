"""Use cases: the only place where things are decided and written together (DESIGN §2)."""
