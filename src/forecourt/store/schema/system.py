"""What serves the software itself: the OCPP log, ranges of ids, and facts about this installation."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table

from forecourt.store.schema.columns import integer, metadata, text, time

# DESIGN §3 step 8: diagnostic. `id` is the order of arrival.
ocpp_log = Table(
    "ocpp_log",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    text("pile_id"),
    time("at"),
    text("direction"),
    text("kind"),
    text("action"),
    text("message_id"),
    text("payload"),
)
Index("ix_ocpp_log_pile", ocpp_log.c.pile_id, ocpp_log.c.id)

# `next` is the first id that nobody has reserved yet.
id_range = Table("id_range", metadata, text("name", key=True), integer("next"))

instance = Table("instance", metadata, text("key", key=True), text("value"))
