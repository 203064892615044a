/* SPDX-License-Identifier: ISC */
/*
 * The internal address of this machine, as it is told to the authority. A
 * machine with several, or with addresses that come and go, must not seem to
 * move. It sends no packet and resolves no name.
 */
#ifndef LICENSE_KEEPER_ADDRESS_H
#define LICENSE_KEEPER_ADDRESS_H

#include "license/codec.h"

struct address_question {
	const char *authority_url; /* the route to it, when a literal */
	int family;		   /* 0 any, 4, 6 */
	const char *held;	   /* what the license in hand says, or "" */
};

/*
 * address_internal: the address held, as long as an interface has it; else
 * the source address of the route to the authority, of an unnamed one the
 * default route's, IPv4 first, never an IPv6 privacy address. False (unknown,
 * never a change) when there is none, when only another family is left of
 * what the license says, or when the interfaces cannot be read.
 */
bool address_internal(const struct address_question *question,
    char out[static ADDRESS_SIZE]);

/* address_choose: the same from what was read; ${route} "": no route. */
bool address_choose(const char *held, bool readable, bool present,
    const char *route, char out[static ADDRESS_SIZE]);

#endif
