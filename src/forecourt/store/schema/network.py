"""What the network consists of, and who may use it: stations, piles, EVSEs, tokens, tariffs."""

from sqlalchemy import ForeignKeyConstraint, Index, Table, desc

from forecourt.store.schema.columns import blob, flag, integer, json, metadata, real, text, time

station = Table(
    "station",
    metadata,
    text("id", key=True),
    text("name"),
    text("name_zh"),
    text("address"),
    text("city"),
    text("city_zh"),
    text("province"),
    text("country"),
    real("lat"),
    real("lon"),
    text("time_zone"),
    text("currency"),
    integer("grid_w", null=True),
    text("tariff_id", null=True),
)

pile = Table(
    "pile",
    metadata,
    text("id", key=True),
    text("station_id"),
    text("name"),
    text("ocpp_version"),
    text("admission"),
    text("registration"),
    integer("max_power_w", null=True),
    integer("max_current_a", null=True),
    text("tariff_id", null=True),
    flag("compression"),
    text("vendor"),
    text("model"),
    text("serial"),
    text("firmware"),
    time("booted_at", null=True),
    text("boot_reason"),
    time("created_at", null=True),
    ForeignKeyConstraint(["station_id"], ["station.id"]),
)
Index("ix_pile_station", pile.c.station_id, pile.c.id)

evse = Table(
    "evse",
    metadata,
    text("pile_id", key=True),
    integer("evse_id", key=True),
    text("status"),
    text("raw_status"),
    text("error_code"),
    text("info"),
    json("connectors"),
    time("since", null=True),
    time("pile_at", null=True),
    time("received_at", null=True),
)
# The overview counts by status from the index alone.
Index("ix_evse_status", evse.c.pile_id, evse.c.status)

# DESIGN §4: who holds a pile's socket. `generation` grows with every connection; writes of an older one are left out.
pile_owner = Table(
    "pile_owner",
    metadata,
    text("pile_id", key=True),
    integer("generation"),
    text("gateway_id"),
    flag("online"),
    time("connected_at"),
    time("disconnected_at", null=True),
    text("version"),
    text("address"),
)
Index("ix_pile_owner_online", pile_owner.c.online, pile_owner.c.pile_id)
Index("ix_pile_owner_gateway", pile_owner.c.gateway_id, pile_owner.c.online)

pile_credential = Table(
    "pile_credential",
    metadata,
    text("pile_id", key=True),
    text("scheme"),
    blob("salt"),
    blob("digest"),
    time("created_at"),
)

pile_variable = Table(
    "pile_variable",
    metadata,
    text("pile_id", key=True),
    text("component", key=True),
    text("variable", key=True),
    text("attribute", key=True),
    text("value", null=True),
    text("mutability"),
    time("reported_at"),
)

pile_note = Table(
    "pile_note",
    metadata,
    text("pile_id", key=True),
    text("kind", key=True),
    time("at"),
    text("text"),
)

repair_count = Table(
    "repair_count",
    metadata,
    text("pile_id", key=True),
    text("repair", key=True),
    integer("count"),
    time("last_at"),
)

device_event = Table(
    "device_event",
    metadata,
    text("pile_id", key=True),
    integer("key", key=True),
    time("at", null=True),
    time("received_at"),
    text("kind"),
    text("component"),
    text("variable"),
    text("value"),
    text("payload"),
)
Index("ix_device_event_pile", device_event.c.pile_id, desc(device_event.c.received_at), device_event.c.key)

# `uid_key` is `domain.token.fold_uid(uid)`: identifiers are compared without regard to case.
token = Table(
    "token",
    metadata,
    text("uid_key", key=True),
    text("uid"),
    text("type"),
    text("status"),
    text("driver"),
    text("group_id"),
    text("brand"),
    time("expires_at", null=True),
    time("created_at", null=True),
)

tariff = Table(
    "tariff",
    metadata,
    text("id", key=True),
    text("name"),
    text("currency"),
    json("body"),
)

# Every content that a tariff has had: what a session began with is what it is billed with.
tariff_version = Table(
    "tariff_version",
    metadata,
    text("version", key=True),
    json("tariff"),
)
