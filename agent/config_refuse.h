/* SPDX-License-Identifier: ISC */
/* How a configuration that was parsed is refused: file:line: [section] key. */
#ifndef AGENT_CONFIG_REFUSE_H
#define AGENT_CONFIG_REFUSE_H

#include "agent/config.h"

/* Where a sentence begins. */
struct checking {
	const struct config_text *from;
	const char *section; /* "license NAME" as it stands in brackets */
	struct buf *error;
};

/* config_refuse: always false. */
bool config_refuse(const struct checking *c, const char *key,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* config_check_exporter (config_exporter.c): a part of config_check. */
bool config_check_exporter(const struct config_text *from,
    const struct config *config, struct buf *error);

#endif
