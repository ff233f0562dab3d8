"""A station: a place with piles, one address and one grid connection."""

import msgspec


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """Master data of a station. ``grid_w`` is the limit of its grid connection in W."""

    id: str
    name: str
    name_zh: str = ""
    address: str = ""
    city: str = ""
    city_zh: str = ""
    province: str = ""
    country: str = "CN"
    lat: float
    lon: float
    time_zone: str = "Asia/Shanghai"
    currency: str = "CNY"
    grid_w: int | None = None
    tariff_id: str | None = None
