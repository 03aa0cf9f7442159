"""The list by hand: something for each rule of security that the app keeps, and for each predicate of who sees what."""

from dev.sabotage.by_hand import (
    access,
    cached,
    cluster,
    data,
    deploy,
    described,
    doctor,
    isolation,
    kept,
    lists,
    logins,
    operations,
    pages,
    people,
    pictures,
    server,
    sessions,
    uploads,
)

PARTS = (
    sessions,
    logins,
    people,
    pages,
    access,
    lists,
    uploads,
    pictures,
    doctor,
    cached,
    data,
    server,
    kept,
    cluster,
    deploy,
    described,
    isolation,
    operations,
)
BY_HAND = [sabotage for part in PARTS for sabotage in part.SABOTAGES]
