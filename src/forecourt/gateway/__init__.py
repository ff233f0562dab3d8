"""Where piles connect: listener, connections, mailboxes, and the handlers of OCPP's actions (DESIGN §3)."""
