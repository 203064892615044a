/* SPDX-License-Identifier: ISC */
/* Between page.c and page_card.c; nobody else includes this. */
#ifndef EXPORTER_PAGE_CARD_H
#define EXPORTER_PAGE_CARD_H

#include "license/report.h"

struct buf;

/* How much room there is: of many, what is not a picture is folded away. */
enum card_room { CARD_ALONE, CARD_SOME, CARD_MANY };

/* page_card: one license; ${number}: of its heading. */
void page_card(const struct report *report, const struct license_facts *facts,
    size_t number, enum card_room room, struct buf *out);

#endif
