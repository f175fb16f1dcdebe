/* connector/sqlite.h - SQLite databases as source and destination. */
#pragma once
#include "wherry/connector.h"

extern const struct wh_connector wh_connector_sqlite;
