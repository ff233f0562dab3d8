"""One small module per OCPP action and version: OCPP's words into ours, a service, and our words into OCPP's."""
